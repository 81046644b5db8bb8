/* The mount API by descriptors: fsopen(2), fsmount(2), open_tree(2), move_mount(2), mount_setattr(2). */
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "shim.h"

int sys_open_tree(int directory, const char *path, unsigned flags)
{
    int fd = (int)syscall(SYS_open_tree, directory, path, flags | OPEN_TREE_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Both sides are descriptors: nothing is looked up again between the check and the mount. */
int sys_move_mount(int from, int to)
{
    unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    return syscall(SYS_move_mount, from, "", to, "", flags) < 0 ? -errno : 0;
}

int set_attributes(int fd, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive)
{
    struct mount_attr attributes = {.attr_set = set, .attr_clr = clear, .propagation = propagation};
    /* The access time settings are one number of which all bits change together (mount_setattr(2)). */
    if ((set & MOUNT_ATTR__ATIME) != 0 || (clear & MOUNT_ATTR__ATIME) != 0)
        attributes.attr_clr |= MOUNT_ATTR__ATIME;
    if (set == 0 && clear == 0 && propagation == 0)
        return 0;
    unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
    return syscall(SYS_mount_setattr, fd, "", flags, &attributes, sizeof attributes) < 0 ? -errno : 0;
}

/* `key=value` or `key`, given to a file-system context. */
int fs_option(int fs, const char *option)
{
    char key[PATH_BYTES];
    const char *equals = strchr(option, '=');
    size_t length = equals == NULL ? strlen(option) : (size_t)(equals - option);
    if (length >= sizeof key)
        return -EINVAL;
    memcpy(key, option, length);
    key[length] = 0;
    long status = equals == NULL ? syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, key, NULL, 0)
                                 : syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, equals + 1, 0);
    return status < 0 ? -errno : 0;
}

/* What the kernel says about a context that failed (fsopen(2)), as the detail. */
static int fs_failure(struct launch *launch, int fs, int error, const char *what)
{
    char text[256];
    ssize_t length = read(fs, text, sizeof text - 1);
    if (length <= 2)
        return fail(launch, error, "%s", what);
    text[length] = 0;
    if (text[length - 1] == '\n')
        text[length - 1] = 0;
    return fail(launch, error, "%s: %s", what, text + 2);
}

int fs_finish(struct launch *launch, int fs, uint64_t attributes)
{
    if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return fs_failure(launch, fs, errno, "create");
    int fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, (unsigned)attributes);
    return fd < 0 ? fs_failure(launch, fs, errno, "fsmount") : fd;
}

/* Splits an option string at commas outside of double quotes, dropping the quotes. */
static int apply_options(struct launch *launch, int fs, const char *data)
{
    char option[PATH_BYTES];
    while (*data != 0) {
        size_t length = 0;
        bool quoted = false;
        for (; *data != 0 && (quoted || *data != ','); data++) {
            if (*data == '"')
                quoted = !quoted;
            else if (length < sizeof option - 1)
                option[length++] = *data;
            else
                return fail(launch, E2BIG, "mount option");
        }
        option[length] = 0;
        if (*data == ',')
            data++;
        int status = length == 0 ? 0 : fs_option(fs, option);
        if (status < 0)
            return fs_failure(launch, fs, status, option);
    }
    return 0;
}

/* A detached mount of a new file system. */
int new_mount(struct launch *launch, const char *fstype, const char *source, const char *data, uint64_t attributes)
{
    SCOPED_FD fs = (int)syscall(SYS_fsopen, fstype, FSOPEN_CLOEXEC);
    if (fs < 0)
        return fail(launch, errno, "%s", fstype);
    if (*source != 0 && syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
        return fs_failure(launch, fs, errno, source);
    int status = apply_options(launch, fs, data);
    return status < 0 ? status : fs_finish(launch, fs, attributes);
}

static int attach(int tree, int target, uint64_t propagation)
{
    int status = sys_move_mount(tree, target);
    /* After the move: attaching below a shared mount would make it shared again. */
    return status < 0 ? status : set_attributes(tree, 0, 0, propagation & ~(uint64_t)MS_REC, (propagation & MS_REC) != 0);
}

int op_mount(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, MOUNT__TARGET);
    int root = launch_root(launch);
    SCOPED_FD fd = new_mount(launch, op_str(op, MOUNT__FSTYPE), op_str(op, MOUNT__SOURCE), op_str(op, MOUNT__DATA),
                             op_u64(op, MOUNT__FLAGS));
    if (fd < 0)
        return fd;
    SCOPED_FD target = open_target(root, path, op_u32(op, MOUNT__CREATE) != 0 ? CREATE_DIRECTORY : CREATE_NONE);
    int status = target < 0 ? target : attach(fd, target, op_u64(op, MOUNT__PROPAGATION));
    return status < 0 ? fail(launch, status, "%s", path) : 0;
}

/* What a bind needs as its target. */
static enum create create_kind(uint32_t create, int source)
{
    struct stat status;
    if (create == 3)
        return fstat(source, &status) == 0 && S_ISDIR(status.st_mode) ? CREATE_DIRECTORY : CREATE_FILE;
    return create == 1 ? CREATE_DIRECTORY : create == 2 ? CREATE_FILE : CREATE_NONE;
}

/* What a bind does with the mount it cloned: everything it is to be, before it can be seen. */
struct shown {
    const char *source, *target;
    uint64_t set, clear, deep_set, deep_clear, propagation;
    uint32_t create;
};

static int show(struct launch *launch, int tree, const struct shown *shown)
{
    int root = launch_root(launch);
    int status = set_attributes(tree, shown->set, shown->clear, 0, false);
    if (status == 0)
        status = set_attributes(tree, shown->deep_set, shown->deep_clear, 0, true);
    if (status < 0)
        return fail(launch, status, "%s", shown->source);
    SCOPED_FD target = open_target(root, shown->target, create_kind(shown->create, tree));
    status = target < 0 ? target : attach(tree, target, shown->propagation);
    return status < 0 ? fail(launch, status, "%s", shown->target) : 0;
}

int op_bind(struct launch *launch, const struct op *op)
{
    const char *source = op_str(op, BIND__SOURCE);
    unsigned recursive = op_u32(op, BIND__RECURSIVE) != 0 ? AT_RECURSIVE : 0;
    uint32_t kept = op_u32(op, BIND__TREE);
    SCOPED_FD tree = kept == TREE_LENT ? borrow_tree(launch)
                     : kept != 0       ? take_tree(launch, kept)
                                       : sys_open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | recursive);
    if (tree < 0)
        return fail(launch, tree, "%s", source);
    struct shown shown = {
        .source = source,
        .target = op_str(op, BIND__TARGET),
        .set = op_u64(op, BIND__SET),
        .clear = op_u64(op, BIND__CLEAR),
        .deep_set = op_u64(op, BIND__DEEP_SET),
        .deep_clear = op_u64(op, BIND__DEEP_CLEAR),
        .propagation = op_u64(op, BIND__PROPAGATION),
        .create = op_u32(op, BIND__CREATE),
    };
    return show(launch, tree, &shown);
}

/* Containers write to what lies below the source: no symlink of theirs leads out of it (CVE-2017-1002101, CVE-2023-3676). */
int op_bind_below(struct launch *launch, const struct op *op)
{
    const char *source = op_str(op, BIND_BELOW__SOURCE), *path = op_str(op, BIND_BELOW__PATH);
    unsigned recursive = op_u32(op, BIND_BELOW__RECURSIVE) != 0 ? AT_RECURSIVE : 0;
    SCOPED_FD base = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (base < 0)
        return fail(launch, errno, "%s", source);
    SCOPED_FD place = open_beneath(base, path);
    SCOPED_FD tree = place < 0 ? place : sys_open_tree(place, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | recursive);
    if (tree < 0)
        return fail(launch, tree, "%s/%s", source, path);
    struct shown shown = {
        .source = source,
        .target = op_str(op, BIND_BELOW__TARGET),
        .deep_set = op_u64(op, BIND_BELOW__SET),
        .deep_clear = op_u64(op, BIND_BELOW__CLEAR),
        .propagation = op_u64(op, BIND_BELOW__PROPAGATION),
        .create = 3,
    };
    return show(launch, tree, &shown);
}

int op_unmount(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, UNMOUNT__PATH);
    if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0 || errno == ENOENT || errno == EINVAL)
        return 0;
    return fail(launch, errno, "%s", path);
}

int op_mount_attributes(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, MOUNT_ATTRIBUTES__TARGET);
    uint64_t propagation = op_u64(op, MOUNT_ATTRIBUTES__PROPAGATION);
    SCOPED_FD target = open_in(launch_root(launch), path, O_PATH, 0);
    int status = target < 0 ? target
                            : set_attributes(target, op_u64(op, MOUNT_ATTRIBUTES__SET),
                                             op_u64(op, MOUNT_ATTRIBUTES__CLEAR), propagation & ~(uint64_t)MS_REC,
                                             op_u32(op, MOUNT_ATTRIBUTES__RECURSIVE) != 0 || (propagation & MS_REC));
    return status < 0 ? fail(launch, status, "%s", path) : 0;
}

int op_propagation(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, PROPAGATION__TARGET);
    uint64_t flags = op_u64(op, PROPAGATION__FLAGS);
    SCOPED_FD target = open_in(launch_root(launch), path, O_PATH, 0);
    int status = target < 0 ? target : set_attributes(target, 0, 0, flags & ~(uint64_t)MS_REC, (flags & MS_REC) != 0);
    return status < 0 ? fail(launch, status, "%s", path) : 0;
}
