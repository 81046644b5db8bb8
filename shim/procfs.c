/*
 * Writes below /proc go through a detached procfs of our own: whatever an image mounts over /proc, or however it races,
 * a label or a sysctl reaches the kernel and nothing else (CVE-2019-16884, CVE-2025-52881).
 */
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/vfs.h>

#include "shim.h"

int private_proc(struct launch *launch)
{
    if (launch->proc >= 0)
        return launch->proc;
    int fd = new_mount(launch, "proc", "proc", "", 0);
    /* A user namespace under a masked /proc may not mount one; before pivot the host's own is as good. */
    if (fd < 0 && !launch->pivoted && launch->rooted)
        fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(launch, fd == -1 ? errno : fd, "private procfs");
    launch->proc = fd;
    return fd;
}

int write_private(struct launch *launch, const char *path, const char *value, size_t length)
{
    struct open_how how = {
        .flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
    };
    int proc = private_proc(launch);
    if (proc < 0)
        return proc;
    SCOPED_FD fd = (int)syscall(SYS_openat2, proc, path, &how, sizeof how);
    if (fd < 0)
        return fail(launch, errno, "/proc/%s", path);
    struct statfs status;
    if (fstatfs(fd, &status) < 0 || status.f_type != PROC_SUPER_MAGIC)
        return fail(launch, ENOTSUP, "/proc/%s is no procfs", path);
    /* One write: procfs takes a value whole or not at all. */
    if (write(fd, value, length) < 0)
        return fail(launch, errno, "/proc/%s", path);
    return 0;
}

int op_sysctl(struct launch *launch, const struct op *op)
{
    char path[PATH_BYTES];
    const char *value = op_str(op, SYSCTL__VALUE);
    int size = snprintf(path, sizeof path, "sys/%s", op_str(op, SYSCTL__KEY));
    if (size < 0 || (size_t)size >= sizeof path)
        return fail(launch, ENAMETOOLONG, "sysctl");
    return write_private(launch, path, value, strlen(value));
}

int op_label(struct launch *launch, const struct op *op)
{
    static const char *const ATTRIBUTES[] = {"apparmor/exec", "exec", "keycreate"};
    const char *attribute = op_str(op, LABEL__ATTRIBUTE), *value = op_str(op, LABEL__VALUE);
    for (unsigned i = 0; i < sizeof ATTRIBUTES / sizeof *ATTRIBUTES; i++) {
        if (strcmp(attribute, ATTRIBUTES[i]) != 0)
            continue;
        char path[64];
        snprintf(path, sizeof path, "%d/attr/%s", getpid(), attribute);
        return write_private(launch, path, value, strlen(value));
    }
    return fail(launch, EINVAL, "%s", attribute);
}
