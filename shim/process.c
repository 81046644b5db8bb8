/* What the container's process is: name, limits, credentials. */
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "shim.h"

int op_hostname(struct launch *launch, const struct op *op)
{
    const char *name = op_str(op, HOSTNAME__NAME);
    return sethostname(name, strlen(name)) < 0 ? fail(launch, errno, "%s", name) : 0;
}

int op_domainname(struct launch *launch, const struct op *op)
{
    const char *name = op_str(op, DOMAINNAME__NAME);
    return setdomainname(name, strlen(name)) < 0 ? fail(launch, errno, "%s", name) : 0;
}

int op_session(struct launch *launch, UNUSED const struct op *op)
{
    return setsid() < 0 ? fail(launch, errno, "setsid") : 0;
}

int op_keyring(struct launch *launch, const struct op *op)
{
    const char *name = op_str(op, KEYRING__NAME);
    /* 1: KEYCTL_JOIN_SESSION_KEYRING. A kernel without keys has nothing to separate. */
    if (syscall(SYS_keyctl, 1, *name == 0 ? NULL : name) < 0 && errno != ENOSYS)
        return fail(launch, errno, "%s", name);
    return 0;
}

int op_rlimit(struct launch *launch, const struct op *op)
{
    uint32_t resource = op_u32(op, RLIMIT__RESOURCE);
    struct rlimit limit = {.rlim_cur = op_u64(op, RLIMIT__SOFT), .rlim_max = op_u64(op, RLIMIT__HARD)};
    return setrlimit((int)resource, &limit) < 0 ? fail(launch, errno, "resource %u", resource) : 0;
}

int op_umask(struct launch *launch, const struct op *op)
{
    umask(op_u32(op, UMASK__MASK) & 0777);
    launch->umask_given = true;
    return 0;
}

int op_bounding(struct launch *launch, const struct op *op)
{
    uint64_t mask = op_u64(op, BOUNDING__MASK);
    for (unsigned capability = 0; capability < 64; capability++) {
        if ((mask >> capability & 1) != 0 || prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
            continue;
        /* EINVAL: past the last capability of this kernel. */
        if (errno == EINVAL)
            return 0;
        return fail(launch, errno, "capability %u", capability);
    }
    return 0;
}

#define OVERFLOW_GID 65534

/* Whether what setgroups(2) would drop is nothing that this user namespace knows: unmapped groups all read as the overflow one. */
static bool groups_unmapped(void)
{
    gid_t groups[256];
    int count = (int)syscall(SYS_getgroups, sizeof groups / sizeof *groups, groups);
    for (int i = 0; i < count; i++)
        if (groups[i] != OVERFLOW_GID)
            return false;
    return count >= 0;
}

int op_identity(struct launch *launch, UNUSED const struct op *op)
{
    const struct identity *identity = &launch->identity;
    if (!launch->has_identity)
        return fail(launch, EINVAL, "no user");
    /* The process may open its own /dev/stdout again, which checks the owner of the pipe or terminal. */
    for (int i = 0; i < 3; i++) {
        struct stat status;
        if (launch->stdio[i] >= 0 && fstat(i, &status) == 0 && (S_ISFIFO(status.st_mode) || isatty(i)))
            fchown(i, identity->uid, (gid_t)-1);
    }
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return fail(launch, errno, "keepcaps");
    /* The kernel's calls, not musl's: those would look for threads to change too. */
    if (syscall(SYS_setgroups, identity->group_count, identity->groups) < 0 &&
        !(errno == EPERM && identity->group_count == 0 && (launch->user_namespace || groups_unmapped())))
        return fail(launch, errno, "setgroups");
    if (syscall(SYS_setresgid, identity->gid, identity->gid, identity->gid) < 0)
        return fail(launch, errno, "gid %u", identity->gid);
    if (syscall(SYS_setresuid, identity->uid, identity->uid, identity->uid) < 0)
        return fail(launch, errno, "uid %u", identity->uid);
    prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    /* A change of user sets it to fs.suid_dumpable (prctl(2)); the death signal is cleared by it as well. */
    prctl(PR_SET_DUMPABLE, 0);
    if (!launch->gate_opened)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return 0;
}

static int set_capabilities(struct launch *launch, uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (unsigned i = 0; i < 2; i++) {
        data[i].effective = (uint32_t)(effective >> (32 * i));
        data[i].permitted = (uint32_t)(permitted >> (32 * i));
        data[i].inheritable = (uint32_t)(inheritable >> (32 * i));
    }
    return syscall(SYS_capset, &head, data) < 0 ? fail(launch, errno, "capset") : 0;
}

int op_capabilities(struct launch *launch, const struct op *op)
{
    uint64_t ambient = op_u64(op, CAPABILITIES__AMBIENT);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    int status = set_capabilities(launch, op_u64(op, CAPABILITIES__EFFECTIVE), op_u64(op, CAPABILITIES__PERMITTED),
                                  op_u64(op, CAPABILITIES__INHERITABLE));
    if (status < 0)
        return status;
    for (unsigned capability = 0; capability < 64; capability++)
        if ((ambient >> capability & 1) != 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
            return fail(launch, errno, "ambient capability %u", capability);
    return 0;
}

int op_drop_capabilities(struct launch *launch, const struct op *op)
{
    return set_capabilities(launch, op_u64(op, DROP_CAPABILITIES__EFFECTIVE), op_u64(op, DROP_CAPABILITIES__PERMITTED),
                            op_u64(op, DROP_CAPABILITIES__INHERITABLE));
}

int op_no_new_privileges(struct launch *launch, UNUSED const struct op *op)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? fail(launch, errno, "prctl") : 0;
}

int op_change_directory(struct launch *launch, const struct op *op)
{
    char where[PATH_BYTES];
    const char *path = op_str(op, CHANGE_DIRECTORY__PATH);
    int root = launch_root(launch);
    SCOPED_FD fd = op_u32(op, CHANGE_DIRECTORY__CREATE) != 0 ? make_directories(root, path, 0755, 0, 0)
                                                              : open_in(root, path, O_PATH | O_DIRECTORY, 0);
    if (fd < 0)
        return fail(launch, fd, "%s", path);
    if (fchdir(fd) < 0)
        return fail(launch, errno, "%s", path);
    /* The kernel writes "(unreachable)" in front of what lies outside of this root (getcwd(3), CVE-2024-21626). */
    if (syscall(SYS_getcwd, where, sizeof where) < 0 || where[0] != '/')
        return fail(launch, EXDEV, "%s", path);
    return 0;
}

int op_personality(struct launch *launch, const struct op *op)
{
    return personality((unsigned long)op_u64(op, PERSONALITY__VALUE)) < 0 ? fail(launch, errno, "personality") : 0;
}
