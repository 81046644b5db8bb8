/* Entering and making namespaces. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "shim.h"

/* Field 22 of /proc/<pid>/stat, in clock ticks since boot; 0: unreadable. */
uint64_t process_start_time(int pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    SCOPED_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (length <= 0)
        return 0;
    text[length] = 0;
    /* The name of the program, field 2, may hold spaces and parentheses: count from the last one. */
    const char *at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at == NULL ? 0 : strtoull(at + 1, NULL, 10);
}

static int entered(struct launch *launch, uint64_t flags)
{
    if ((flags & CLONE_NEWUSER) != 0)
        launch->user_namespace = true;
    if ((flags & CLONE_NEWNS) != 0)
        forget_root(launch);
    return 0;
}

int op_join(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, JOIN__PATH);
    uint64_t type = op_u64(op, JOIN__TYPE);
    SCOPED_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || setns(fd, (int)type) < 0)
        return fail(launch, errno, "%s", path);
    return entered(launch, type);
}

int op_join_process(struct launch *launch, const struct op *op)
{
    uint32_t pid = op_u32(op, JOIN_PROCESS__PID);
    uint64_t flags = op_u64(op, JOIN_PROCESS__FLAGS), expected = op_u64(op, JOIN_PROCESS__START_TIME);
    SCOPED_FD fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return fail(launch, errno, "process %u", pid);
    /* After the pidfd is held, so that the number cannot change its meaning between the check and the use. */
    if (expected != 0 && process_start_time((int)pid) != expected)
        return fail(launch, ESRCH, "process %u is another one now", pid);
    /* The root that the process has: entering a mount namespace gives the namespace's own root, which is another one
     * when the container was made by a caller in a chroot. */
    char path[64];
    snprintf(path, sizeof path, "/proc/%u/root", pid);
    SCOPED_FD root = (flags & CLONE_NEWNS) == 0 ? -1 : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if ((flags & CLONE_NEWNS) != 0 && root < 0)
        return fail(launch, errno, "%s", path);
    uint64_t joined = flags;
    if ((flags & CLONE_NEWCGROUP) != 0 && launch->cgroup >= 0) {
        char name[64];
        snprintf(name, sizeof name, "/proc/%u/ns/cgroup", pid);
        launch->cgroup_namespace = open(name, O_RDONLY | O_CLOEXEC);
        if (launch->cgroup_namespace < 0)
            return fail(launch, errno, "%s", name);
        joined &= ~(uint64_t)CLONE_NEWCGROUP;
    }
    if (joined != 0 && setns(fd, (int)joined) < 0)
        return fail(launch, errno, "namespaces of process %u", pid);
    if (root >= 0 && (fchdir(root) < 0 || chroot(".") < 0))
        return fail(launch, errno, "%s", path);
    return entered(launch, flags);
}

int op_unshare(struct launch *launch, const struct op *op)
{
    uint64_t flags = op_u64(op, UNSHARE__FLAGS);
    if (unshare((int)flags) < 0)
        return fail(launch, errno, "unshare");
    return entered(launch, flags);
}
