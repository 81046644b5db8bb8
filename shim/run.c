/* `shim run`: one plan for a caller that becomes this process, such as `tiffin oci`. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "shim.h"

/* A preserved descriptor must be the caller's: a gap would be filled by one of this process's own. */
static int check_preserved(struct launch *launch, uint32_t count)
{
    for (uint32_t fd = 3; fd < 3 + count; fd++) {
        int flags = fcntl((int)fd, F_GETFD);
        if (flags < 0)
            return fail(launch, EBADF, "descriptor %u", fd);
        fcntl((int)fd, F_SETFD, flags & ~FD_CLOEXEC);
    }
    return 0;
}

/* The operands of `supervise`, before anything is opened that could take a preserved number. */
static int check_plan(struct launch *launch)
{
    struct cursor cursor;
    struct op op;
    cursor_start(&cursor, &launch->plan);
    while (cursor_next(&cursor, &op))
        if (op.code == OP_SUPERVISE) {
            int status = op_supervise(launch, &op);
            return status < 0 ? status : check_preserved(launch, launch->supervise.preserve);
        }
    return 0;
}

/* Becomes the program that words the failure, with stage, op index, errno and detail as its last arguments. */
static int end_failed(struct launch *launch)
{
    const struct report *report = launch->report;
    char stage[12], index[12], error[12];
    struct strings wanted = launch->on_failure;
    if (wanted.count == 0) {
        dprintf(2, "shim: step %u: %s: %s\n", report->op, report->detail, strerror(report->error));
        return 1;
    }
    char **arguments = strings_vector(wanted, 4);
    if (arguments == NULL)
        return 1;
    snprintf(stage, sizeof stage, "%u", report->stage);
    snprintf(index, sizeof index, "%u", report->op);
    snprintf(error, sizeof error, "%d", report->error);
    char *const last[] = {stage, index, error, (char *)(uintptr_t)report->detail};
    memcpy(arguments + wanted.count, last, sizeof last);
    reset_signals();
    execv(arguments[0], arguments);
    dprintf(2, "shim: %s: %s\n", arguments[0], strerror(errno));
    return 1;
}

/* Known before the first step fails: the words for it come from there. */
static void find_on_failure(struct launch *launch)
{
    struct cursor cursor;
    struct op op;
    cursor_start(&cursor, &launch->plan);
    while (cursor_next(&cursor, &op))
        if (op.code == OP_ON_FAILURE)
            op_on_failure(launch, &op);
}

int run_main(const char *path)
{
    static struct launch launch;
    uint8_t *bytes;
    size_t length;
    uint32_t bad = 0;
    launch_init(&launch);
    launch.report = report_create();
    int status = launch.report == NULL ? -ENOMEM : read_plan(path, &bytes, &length);
    if (status < 0) {
        dprintf(2, "shim: %s: %s\n", path, strerror(-status));
        return 1;
    }
    unlink(path);
    status = plan_open(&launch.plan, bytes, length, &bad);
    if (status < 0) {
        dprintf(2, "shim: %s: step %u is broken\n", path, bad);
        return 1;
    }
    find_on_failure(&launch);
    status = check_plan(&launch);
    if (status < 0) {
        report_failure(&launch, STAGE_HOST, 0, status);
        return end_failed(&launch);
    }
    if (stage_present(&launch, STAGE_INSIDE) && launch.supervise.mode != 0)
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    /* Before the container runs: a signal that came in between would end this process and leave the container alone. */
    if (launch.supervise.mode != 0)
        foreground_block();
    if (launch_start(&launch) < 0)
        return end_failed(&launch);
    if (!launch.has_clone || launch.supervise.mode == 0)
        return 0;
    return foreground_main(&launch);
}
