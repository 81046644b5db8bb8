/* A process that only is there: a scope of systemd begins with one, and the container's takes its place. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shim.h"

/* Ends with the process that started it, whatever program that has become meanwhile. */
int hold_main(const char *parent)
{
    int pid = atoi(parent);
    SCOPED_FD started_by = (int)syscall(SYS_pidfd_open, pid, 0);
    if (started_by < 0 || getppid() != pid)
        return 1;
    struct pollfd event = {.fd = started_by, .events = POLLIN};
    while (poll(&event, 1, -1) < 0 && errno == EINTR)
        ;
    return 0;
}

int op_end_process(struct launch *launch, const struct op *op)
{
    uint32_t pid = op_u32(op, END_PROCESS__PID);
    SCOPED_FD fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return errno == ESRCH ? 0 : fail(launch, errno, "process %u", pid);
    /* After the pidfd is held, so that the number cannot change its meaning between the check and the use. */
    if (process_start_time((int)pid) != op_u64(op, END_PROCESS__START_TIME))
        return 0;
    if (syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
        return fail(launch, errno, "process %u", pid);
    return 0;
}
