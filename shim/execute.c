/* Runs the steps of a stage in order, each timed, and names the first that fails. */
#include <time.h>

#include "shim.h"

static operation_fn *const OPERATIONS[OP_LAST + 1] = {
    [OP_MAKE_DIRECTORY] = op_make_directory,
    [OP_WRITE] = op_write,
    [OP_UNLINK] = op_unlink,
    [OP_REMOVE_CGROUP] = op_remove_cgroup,
    [OP_DEVICE_FILTER] = op_device_filter,
    [OP_NETLINK] = op_netlink,
    [OP_RESERVE_PORT] = op_reserve_port,
    [OP_CAPTURE] = op_capture,
    [OP_HOOK] = op_hook,
    [OP_PID_FILE] = op_pid_file,
    [OP_INHERIT] = op_inherit,
    [OP_OWNER] = op_owner,
    [OP_REMOVE_DIRECTORY] = op_remove_directory,
    [OP_END_PROCESS] = op_end_process,
    [OP_RESOLVER] = op_resolver,
    [OP_AWAIT_LINK] = op_await_link,
    [OP_SUPERVISE] = op_supervise,
    [OP_ON_FAILURE] = op_on_failure,
    [OP_CLONE] = op_clone,
    [OP_NOTIFY] = op_notify,
    [OP_AWAIT] = op_await,
    [OP_GATE] = op_gate,
    [OP_WAIT_GATE] = op_wait_gate,
    [OP_CHILD_FILE] = op_child_file,
    [OP_PROCESS_FILE] = op_process_file,
    [OP_HELPER] = op_helper,
    [OP_PIDFD] = op_pidfd,
    [OP_ADOPT] = op_adopt,
    [OP_JOIN] = op_join,
    [OP_JOIN_PROCESS] = op_join_process,
    [OP_UNSHARE] = op_unshare,
    [OP_PROPAGATION] = op_propagation,
    [OP_OVERLAY] = op_overlay,
    [OP_ROOT] = op_root,
    [OP_MOUNT] = op_mount,
    [OP_BIND] = op_bind,
    [OP_MOUNT_ATTRIBUTES] = op_mount_attributes,
    [OP_MASK] = op_mask,
    [OP_READ_ONLY] = op_read_only,
    [OP_DIRECTORY] = op_directory,
    [OP_SYMLINK] = op_symlink,
    [OP_DEVICE] = op_device,
    [OP_COPY_UP] = op_copy_up,
    [OP_PIVOT] = op_pivot,
    [OP_MOVE_ROOT] = op_move_root,
    [OP_CHANGE_ROOT] = op_change_root,
    [OP_COPY_INTO_TMPFS] = op_copy_into_tmpfs,
    [OP_HOSTNAME] = op_hostname,
    [OP_DOMAINNAME] = op_domainname,
    [OP_SYSCTL] = op_sysctl,
    [OP_SESSION] = op_session,
    [OP_TERMINAL] = op_terminal,
    [OP_KEYRING] = op_keyring,
    [OP_RLIMIT] = op_rlimit,
    [OP_UMASK] = op_umask,
    [OP_USER] = op_user,
    [OP_BOUNDING] = op_bounding,
    [OP_IDENTITY] = op_identity,
    [OP_CAPABILITIES] = op_capabilities,
    [OP_DROP_CAPABILITIES] = op_drop_capabilities,
    [OP_NULL_STREAMS] = op_null_streams,
    [OP_NO_NEW_PRIVILEGES] = op_no_new_privileges,
    [OP_SECCOMP] = op_seccomp,
    [OP_CHANGE_DIRECTORY] = op_change_directory,
    [OP_INIT] = op_init,
    [OP_LABEL] = op_label,
    [OP_PERSONALITY] = op_personality,
    [OP_EXEC] = op_exec,
    [OP_FIND_PROGRAM] = op_find_program,
    [OP_NETWORK_DEVICE] = op_network_device,
    [OP_MAPPED_TREE] = op_mapped_tree,
    [OP_MAPPED_OVERLAY] = op_mapped_overlay,
    [OP_STREAM_OWNER] = op_stream_owner,
    [OP_ROOT_TREE] = op_root_tree,
    [OP_COPY_UP_TREE] = op_copy_up_tree,
    [OP_BIND_BELOW] = op_bind_below,
    [OP_LEND_TREES] = op_lend_trees,
    [OP_UNMOUNT] = op_unmount,
    [OP_SCHEDULER] = op_scheduler,
    [OP_IO_PRIORITY] = op_io_priority,
    [OP_AFFINITY] = op_affinity,
    [OP_MEMORY_POLICY] = op_memory_policy,
};

static int execute(struct launch *launch, const struct op *op)
{
    launch->detail[0] = 0;
    launch->index = op->index;
    if (op->index == launch->plan.fault_index)
        return fail(launch, (int)launch->plan.fault_errno, "fault");
    operation_fn *run = OPERATIONS[op->code];
    return run == NULL ? fail(launch, ENOSYS, "%s", OP_NAMES[op->code]) : run(launch, op);
}

/* Saturates below the mark of an op that did not run. */
static uint32_t duration(uint64_t from, uint64_t to)
{
    return to - from > 0xfffffffeu ? 0xfffffffeu : (uint32_t)(to - from);
}

static int run(struct launch *launch, uint32_t wanted, bool all)
{
    struct cursor cursor;
    struct op op;
    uint16_t code;
    uint8_t stage;
    cursor_start(&cursor, &launch->plan);
    uint64_t began = clock_ns(CLOCK_MONOTONIC);
    while (cursor_peek(&cursor, &code, &stage)) {
        if (stage != wanted) {
            cursor_skip(&cursor);
            continue;
        }
        if (!cursor_next(&cursor, &op))
            break;
        if (launch->report != NULL && launch->kind == CHILD)
            atomic_store_explicit(&launch->report->current, op.index, memory_order_relaxed);
        int status = execute(launch, &op);
        uint64_t ended = clock_ns(CLOCK_MONOTONIC);
        if (launch->report != NULL) {
            launch->report->nanoseconds[op.index] = duration(began, ended);
            if (status < 0)
                report_failure(launch, wanted, op.index, status);
        }
        began = ended;
        if (status < 0 && !all)
            return status;
    }
    return 0;
}

int run_stage(struct launch *launch, uint32_t stage)
{
    return run(launch, stage, false);
}

/* Every step, whatever fails: what one step cannot undo must not keep the next from its own work. */
void run_teardown(struct launch *launch)
{
    run(launch, STAGE_TEARDOWN, true);
    /* Before anybody learns of the end: the next start may want the same ports. */
    release_ports(launch);
}

bool stage_present(const struct launch *launch, uint32_t wanted)
{
    struct cursor cursor;
    uint16_t code;
    uint8_t stage;
    cursor_start(&cursor, &launch->plan);
    for (; cursor_peek(&cursor, &code, &stage); cursor_skip(&cursor))
        if (stage == wanted)
            return true;
    return false;
}
