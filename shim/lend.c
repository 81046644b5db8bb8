/* Mounts that the container's process shows and cannot reach itself: open_tree(2), setns(2). */
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "shim.h"

/* The mount namespace of the container, with the root that its process still shares with this one. */
static int enter_mounts(struct launch *launch)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/root", launch->pid);
    SCOPED_FD root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 || setns(launch->pidfd, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0)
        return fail(launch, errno, "mount namespace of the container");
    return 0;
}

/* One request, one tree; the container's process opens nothing in between, so that each source means what it means then. */
static int lend(struct launch *launch, const char *source, bool recursive)
{
    uint32_t token;
    int status = sync_receive(launch, &token);
    if (status <= 0 || token != TOKEN_WANTED)
        return fail(launch, status < 0 ? status : EPIPE, "other process");
    SCOPED_FD tree = sys_open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | (recursive ? AT_RECURSIVE : 0));
    if (tree < 0)
        return fail(launch, tree, "%s", source);
    status = sync_send(launch, TOKEN_TREE, &tree, 1);
    return status < 0 ? fail(launch, status, "%s", source) : 0;
}

static int lend_all(struct launch *launch, const struct op *op)
{
    struct strings sources = op_strs(op, LEND_TREES__SOURCES);
    const struct value *recursive = &op->field[LEND_TREES__RECURSIVE];
    const char *source;
    int status = recursive->count == op->field[LEND_TREES__SOURCES].count ? enter_mounts(launch) : fail(launch, EINVAL, "list");
    for (uint32_t i = 0; status == 0 && (source = strings_next(&sources)) != NULL; i++)
        status = lend(launch, source, load_u32(recursive->at + 4 * i) != 0);
    return status;
}

/* In a process of its own: this one stays in the host's mount namespace. */
int op_lend_trees(struct launch *launch, const struct op *op)
{
    int status, lender = fork();
    if (lender < 0)
        return fail(launch, errno, "fork");
    if (lender == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        launch->kind = ENTERING;
        status = lend_all(launch, op);
        if (status < 0)
            report_failure(launch, STAGE_BESIDE, op->index, status);
        _exit(status < 0 ? 1 : 0);
    }
    while (waitpid(lender, &status, 0) < 0)
        if (errno != EINTR)
            return fail(launch, errno, "lending process");
    /* Its own report, or that of the container's process, came before this one. */
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : fail(launch, ECHILD, "lending process");
}

/* The next tree; the caller closes it. */
int borrow_tree(struct launch *launch)
{
    uint32_t token;
    int status = sync_send(launch, TOKEN_WANTED, NULL, 0);
    while (status == 0) {
        status = sync_receive(launch, &token);
        if (status <= 0)
            return status == 0 ? -EPIPE : status;
        status = token == TOKEN_TREE ? 1 : remember_token(launch, token);
    }
    int tree = launch->lent;
    launch->lent = NONE;
    return status < 0 ? status : tree;
}
