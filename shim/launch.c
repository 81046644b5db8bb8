/*
 * The processes of a launch: this one executes host, beside and running steps; an optional enter process joins existing
 * namespaces and clones with CLONE_PARENT, so that the container's process is this one's child either way.
 */
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "shim.h"

void launch_init(struct launch *launch)
{
    memset(launch, 0, sizeof *launch);
    int *const none[] = {&launch->pidfd,  &launch->sync,           &launch->child_sync,      &launch->inward,
                         &launch->master, &launch->slave,          &launch->console_socket,  &launch->gate,
                         &launch->root,   &launch->gate_client,    &launch->listener_socket, &launch->proc,
                         &launch->outward[0], &launch->outward[1], &launch->stdio[0],        &launch->stdio[1],
                         &launch->stdio[2],   &launch->masked_directory, &launch->netfilter,       &launch->cgroup,
                         &launch->cgroup_namespace, &launch->names[0], &launch->names[1], &launch->lent};
    for (unsigned i = 0; i < sizeof none / sizeof *none; i++)
        *none[i] = NONE;
}

int op_supervise(struct launch *launch, const struct op *op)
{
    launch->supervise = (struct supervise){
        .given = true,
        .mode = op_u32(op, SUPERVISE__MODE),
        .directory = op_str(op, SUPERVISE__DIRECTORY),
        .log = op_str(op, SUPERVISE__LOG),
        .log_max_bytes = op_u64(op, SUPERVISE__LOG_MAX_BYTES),
        .log_max_files = op_u32(op, SUPERVISE__LOG_MAX_FILES),
        .stdin_mode = op_u32(op, SUPERVISE__STDIN),
        .terminal = op_u32(op, SUPERVISE__TERMINAL),
        .rows = op_u32(op, SUPERVISE__ROWS),
        .columns = op_u32(op, SUPERVISE__COLUMNS),
        .preserve = op_u32(op, SUPERVISE__PRESERVE_FDS),
    };
    return launch->supervise.mode > 2 ? fail(launch, EINVAL, "mode %u", launch->supervise.mode) : 0;
}

int op_on_failure(struct launch *launch, const struct op *op)
{
    launch->on_failure = op_strs(op, ON_FAILURE__ARGS);
    return 0;
}

/* The clone itself happens after the enter steps. */
int op_clone(struct launch *launch, const struct op *op)
{
    launch->has_clone = true;
    launch->clone_index = op->index;
    launch->clone_flags = op_u64(op, CLONE__FLAGS);
    launch->clone_cgroup = op_str(op, CLONE__CGROUP);
    if (*launch->clone_cgroup == 0)
        return 0;
    /* Opened ahead: after an enter step has joined a mount namespace, the path is not to be found any more. */
    launch->cgroup = open(launch->clone_cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return launch->cgroup < 0 ? fail(launch, errno, "%s", launch->clone_cgroup) : 0;
}

static void send_gate_failure(struct launch *launch)
{
    const struct report *report = launch->report;
    uint8_t frame[8 + 8 + DETAIL_BYTES] = {FRAME_FAILED};
    size_t length = strlen(report->detail);
    store_u32(frame + 4, (uint32_t)(8 + length));
    frame[8] = (uint8_t)report->stage;
    frame[10] = (uint8_t)report->op;
    frame[11] = (uint8_t)(report->op >> 8);
    store_u32(frame + 12, (uint32_t)report->error);
    memcpy(frame + 16, report->detail, length);
    send_fds(launch->gate_client, frame, 16 + length, NULL, 0);
}

/* The container's process, from clone to execve. */
static _Noreturn void child_main(struct launch *launch)
{
    launch->kind = CHILD;
    close(launch->sync);
    launch->sync = launch->child_sync;
    launch->pid = launch->report->pid;
    close_scoped(&launch->cgroup);
    if (launch->cgroup_namespace >= 0 && setns(launch->cgroup_namespace, CLONE_NEWCGROUP) < 0) {
        fail(launch, errno, "cgroup namespace");
        report_failure(launch, STAGE_HOST, launch->clone_index, -errno);
        _exit(1);
    }
    close_scoped(&launch->cgroup_namespace);
    /* Should the launching process be killed, nobody would supervise what is being started. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    forget_root(launch);
    umask(0);
    if (take_stdio(launch) < 0)
        _exit(1);
    reset_signals();
    if (launch->user_namespace && (launch->clone_flags & CLONE_NEWUSER) == 0) {
        syscall(SYS_setresgid, 0, 0, 0);
        syscall(SYS_setresuid, 0, 0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    }
    int status = run_stage(launch, STAGE_INSIDE);
    if (status < 0 && launch->gate_client >= 0)
        send_gate_failure(launch);
    if (status == 0)
        atomic_store(&launch->report->reached, 1);
    _exit(status < 0 ? 1 : 0);
}

/* clone3; 0 in the child. `parent` 1: the child belongs to this process's parent. */
static int clone_child(struct launch *launch, bool parent)
{
    struct clone_args arguments = {
        .flags = launch->clone_flags | CLONE_PARENT_SETTID | (parent ? CLONE_PARENT : 0),
        .parent_tid = (uint64_t)(uintptr_t)&launch->report->pid,
        .exit_signal = parent ? 0 : SIGCHLD,
    };
    if (launch->cgroup >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)launch->cgroup;
    }
    if ((launch->clone_flags & CLONE_NEWUSER) != 0)
        launch->user_namespace = true;
    /*
     * Whoever is not root can write the id maps only of a process that is dumpable. The child stays so until its first
     * `await`, alone in its namespaces.
     */
    bool open = (launch->clone_flags & CLONE_NEWUSER) != 0 && geteuid() != 0;
    if (open)
        prctl(PR_SET_DUMPABLE, 1);
    uint64_t began = clock_ns(CLOCK_MONOTONIC);
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0)
        child_main(launch);
    int error = errno;
    if (open)
        prctl(PR_SET_DUMPABLE, 0);
    launch->report->nanoseconds[launch->clone_index] += (uint32_t)(clock_ns(CLOCK_MONOTONIC) - began);
    return pid < 0 ? fail(launch, error, "%s", launch->clone_cgroup) : (int)pid;
}

static int clone_or_report(struct launch *launch, bool parent)
{
    int pid = clone_child(launch, parent);
    if (pid < 0)
        report_failure(launch, STAGE_HOST, launch->clone_index, pid);
    return pid;
}

/* Runs the enter steps and the clone in a process of their own: this one stays in the host's namespaces. */
static int clone_through_enter(struct launch *launch)
{
    int status, enter = fork();
    if (enter < 0)
        return fail(launch, errno, "fork");
    if (enter == 0) {
        launch->kind = ENTERING;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (run_stage(launch, STAGE_ENTER) < 0 || clone_or_report(launch, true) < 0)
            _exit(1);
        _exit(0);
    }
    while (waitpid(enter, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return launch->report->pid;
    /* A clone may have gone ahead of the process's own end. */
    if (launch->report->pid > 0)
        launch->pid = launch->report->pid;
    fail(launch, ECHILD, "enter process");
    report_failure(launch, STAGE_ENTER, launch->clone_index, ECHILD);
    return -ECHILD;
}

static int start_child(struct launch *launch)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return fail(launch, errno, "socketpair");
    launch->sync = ends[0];
    launch->child_sync = ends[1];
    int status = prepare_stdio(launch);
    if (status < 0)
        return fail(launch, status, "standard streams");
    status = connect_ahead(launch);
    if (status < 0)
        return status;
    int pid = stage_present(launch, STAGE_ENTER) ? clone_through_enter(launch) : clone_or_report(launch, false);
    if (pid < 0)
        return pid;
    launch->pid = pid;
    launch->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (launch->pidfd < 0)
        return fail(launch, errno, "pidfd");
    layers_forget();
    close(launch->child_sync);
    launch->child_sync = NONE;
    close_scoped(&launch->cgroup);
    launch->cgroup = NONE;
    /* The child's copy is then the last one: the other side sees its end. */
    close_scoped(&launch->listener_socket);
    launch->listener_socket = NONE;
    release_trees(launch);
    for (int i = 0; i < 3; i++) {
        if (launch->stdio[i] >= 0)
            close(launch->stdio[i]);
        launch->stdio[i] = NONE;
    }
    return 0;
}

/* Waits until the child runs its program or stands at its gate. */
static int wait_started(struct launch *launch)
{
    uint32_t token;
    while (!launch->gate_reached) {
        int status = sync_receive(launch, &token);
        if (status < 0)
            return fail(launch, status, "sync socket");
        if (status == 0)
            break;
        launch->gate_reached = token == TOKEN_GATE;
    }
    struct report *report = launch->report;
    if (atomic_load(&report->failed) != 0)
        return -ECHILD;
    if (atomic_load(&report->reached) != 0)
        return 0;
    fail(launch, ECHILD, "the process was killed");
    report_failure(launch, STAGE_INSIDE, atomic_load(&report->current), ECHILD);
    return -ECHILD;
}

/* Executes a plan up to the container's start; on failure nothing is left, and the report says why. */
int launch_start(struct launch *launch)
{
    int status = run_stage(launch, STAGE_HOST);
    if (status == 0 && launch->has_clone) {
        status = launch->adopted ? 0 : start_child(launch);
        if (status == 0)
            status = run_stage(launch, STAGE_BESIDE);
        if (status == 0 && !launch->adopted)
            status = wait_started(launch);
        if (status == 0)
            status = run_stage(launch, STAGE_RUNNING);
    }
    if (status == 0)
        return 0;
    launch_abort(launch);
    report_failure(launch, STAGE_HOST, launch->index, status);
    run_teardown(launch);
    return status;
}

/* Kills and reaps the container's process; in its own pid namespace everything it started dies with it. */
void launch_abort(struct launch *launch)
{
    if (launch->pid <= 0)
        return;
    kill(launch->pid, SIGKILL);
    while (waitpid(launch->pid, NULL, __WALL) < 0 && errno == EINTR)
        ;
    launch->pid = 0;
}
