/* Mounts whose owners are shown through an id mapping: mount_setattr(2), MOUNT_ATTR_IDMAP. */
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "shim.h"

static int write_map(struct launch *launch, int pid, const char *file, const char *lines)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    SCOPED_FD fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, lines, strlen(lines)) < 0)
        return fail(launch, errno, "%s", file);
    return 0;
}

static int open_namespace(struct launch *launch, int pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? fail(launch, errno, "%s", path) : fd;
}

/* A user namespace with these maps, held by a child only until a descriptor of it is open. */
int mapping_namespace(struct launch *launch, const char *uids, const char *gids)
{
    struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0)
        return fail(launch, errno, "user namespace");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    int fd = write_map(launch, (int)pid, "uid_map", uids);
    if (fd == 0)
        fd = write_map(launch, (int)pid, "gid_map", gids);
    if (fd == 0)
        fd = open_namespace(launch, (int)pid);
    kill((pid_t)pid, SIGKILL);
    while (waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return fd;
}

int map_owners(int tree, int namespace, bool deep)
{
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)namespace};
    unsigned flags = AT_EMPTY_PATH | (deep ? AT_RECURSIVE : 0);
    return syscall(SYS_mount_setattr, tree, "", flags, &attributes, sizeof attributes) < 0 ? -errno : 0;
}

int keep_tree(struct launch *launch, int tree)
{
    int *grown = realloc(launch->trees, (launch->tree_count + 1u) * sizeof *grown);
    if (grown == NULL)
        return -ENOMEM;
    launch->trees = grown;
    launch->trees[launch->tree_count++] = tree;
    return 0;
}

/* Without a mapping the tree is kept as it is: a member of its peer group on the host. */
static int map_tree(struct launch *launch, const struct op *op, int tree)
{
    const char *path = op_str(op, MAPPED_TREE__NAMESPACE), *uids = op_str(op, MAPPED_TREE__UIDS);
    const char *gids = op_str(op, MAPPED_TREE__GIDS);
    if (*path == 0 && *uids == 0 && *gids == 0)
        return 0;
    SCOPED_FD namespace = *path == 0 ? mapping_namespace(launch, uids, gids) : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (namespace < 0)
        return *path == 0 ? namespace : fail(launch, errno, "%s", path);
    int status = map_owners(tree, namespace, op_u32(op, MAPPED_TREE__DEEP) != 0);
    return status < 0 ? fail(launch, status, "%s", op_str(op, MAPPED_TREE__SOURCE)) : 0;
}

int op_mapped_tree(struct launch *launch, const struct op *op)
{
    const char *source = op_str(op, MAPPED_TREE__SOURCE);
    unsigned recursive = op_u32(op, MAPPED_TREE__RECURSIVE) != 0 ? AT_RECURSIVE : 0;
    int tree = sys_open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | recursive);
    if (tree < 0)
        return fail(launch, tree, "%s", source);
    int status = map_tree(launch, op, tree);
    if (status < 0) {
        close(tree);
        return status;
    }
    status = set_attributes(tree, 0, 0, op_u64(op, MAPPED_TREE__PROPAGATION), true);
    if (status == 0)
        status = keep_tree(launch, tree);
    if (status == 0)
        return 0;
    close(tree);
    return fail(launch, status, "%s", source);
}

/* Hands over a tree that is kept; the caller closes it. */
int take_tree(struct launch *launch, uint32_t number)
{
    if (number > launch->tree_count || launch->trees[number - 1] < 0)
        return -EBADF;
    int tree = launch->trees[number - 1];
    launch->trees[number - 1] = NONE;
    return tree;
}

/* In the launching process, whose descriptors would keep the mounts busy for as long as it lives. */
void release_trees(struct launch *launch)
{
    for (uint32_t i = 0; i < launch->tree_count; i++)
        if (launch->trees[i] >= 0)
            close(launch->trees[i]);
    free(launch->trees);
    launch->trees = NULL;
    launch->tree_count = 0;
}
