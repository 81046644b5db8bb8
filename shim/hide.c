/* Masks, read-only paths, directories, links and device nodes inside the root. */
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "shim.h"

/* An empty read-only directory; all masks of one launch share its superblock. */
static int empty_directory(struct launch *launch)
{
    if (launch->masked_directory >= 0)
        return sys_open_tree(launch->masked_directory, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
    uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    int fd = new_mount(launch, "tmpfs", "tmpfs", "size=0,nr_inodes=2,mode=0555", attributes);
    if (fd >= 0)
        launch->masked_directory = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return fd;
}

static int null_device(struct launch *launch)
{
    int fd = sys_open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE);
    int status = fd < 0 ? fd : verify_null_device(fd);
    if (status == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return fail(launch, status, "/dev/null is not the null device");
}

int op_mask(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, MASK__PATH);
    struct stat status;
    SCOPED_FD target = open_in(launch_root(launch), path, O_PATH, 0);
    if (target == -ENOENT || target == -ENOTDIR)
        return 0;
    if (target < 0 || fstat(target, &status) < 0)
        return fail(launch, target < 0 ? target : errno, "%s", path);
    SCOPED_FD cover = S_ISDIR(status.st_mode) ? empty_directory(launch) : null_device(launch);
    if (cover < 0)
        return launch->detail[0] != 0 ? cover : fail(launch, cover, "%s", path);
    int moved = sys_move_mount(cover, target);
    return moved < 0 ? fail(launch, moved, "%s", path) : 0;
}

int op_read_only(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, READ_ONLY__PATH);
    SCOPED_FD target = open_in(launch_root(launch), path, O_PATH, 0);
    if (target == -ENOENT || target == -ENOTDIR)
        return 0;
    if (target < 0)
        return fail(launch, target, "%s", path);
    SCOPED_FD tree = sys_open_tree(target, "", OPEN_TREE_CLONE | AT_RECURSIVE | AT_EMPTY_PATH);
    int status = tree < 0 ? tree : set_attributes(tree, MOUNT_ATTR_RDONLY, 0, 0, true);
    if (status == 0)
        status = sys_move_mount(tree, target);
    return status < 0 ? fail(launch, status, "%s", path) : 0;
}

int op_directory(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, DIRECTORY__PATH);
    SCOPED_FD fd = make_directories(launch_root(launch), path, op_u32(op, DIRECTORY__MODE) & 07777,
                                    op_u32(op, DIRECTORY__UID), op_u32(op, DIRECTORY__GID));
    return fd < 0 ? fail(launch, fd, "%s", path) : 0;
}

int op_symlink(struct launch *launch, const struct op *op)
{
    char base[NAME_MAX + 1];
    const char *path = op_str(op, SYMLINK__PATH);
    int refused = refuse_link(launch_root(launch), path);
    SCOPED_FD parent = refused < 0 ? refused : open_parent(launch_root(launch), path, base, true);
    if (parent < 0)
        return fail(launch, parent, "%s", path);
    /* A /dev bound from the host has them already. */
    if (symlinkat(op_str(op, SYMLINK__VALUE), parent, base) < 0 && errno != EEXIST)
        return fail(launch, errno, "%s", path);
    return 0;
}

static int bind_node(struct launch *launch, const struct op *op)
{
    const char *source = op_str(op, DEVICE__SOURCE), *path = op_str(op, DEVICE__PATH);
    SCOPED_FD tree = sys_open_tree(AT_FDCWD, *source == 0 ? path : source, OPEN_TREE_CLONE);
    if (tree < 0)
        return fail(launch, tree, "%s", *source == 0 ? path : source);
    SCOPED_FD target = open_target(launch_root(launch), path, CREATE_FILE);
    int status = target < 0 ? target : sys_move_mount(tree, target);
    return status < 0 ? fail(launch, status, "%s", path) : 0;
}

int op_device(struct launch *launch, const struct op *op)
{
    char base[NAME_MAX + 1];
    const char *path = op_str(op, DEVICE__PATH);
    uint32_t type = op_u32(op, DEVICE__TYPE) & S_IFMT, uid = op_u32(op, DEVICE__UID), gid = op_u32(op, DEVICE__GID);
    mode_t mode = type | (op_u32(op, DEVICE__MODE) & 07777);
    dev_t number = type == S_IFIFO ? 0 : makedev(op_u32(op, DEVICE__MAJOR), op_u32(op, DEVICE__MINOR));
    int refused = refuse_link(launch_root(launch), path);
    SCOPED_FD parent = refused < 0 ? refused : open_parent(launch_root(launch), path, base, true);
    if (parent < 0)
        return fail(launch, parent, "%s", path);
    if (mknodat(parent, base, mode, number) == 0) {
        /* The umask is 0 during a start: mknodat already gave the mode. */
        if ((uid != 0 || gid != 0) && fchownat(parent, base, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
            return fail(launch, errno, "%s", path);
        return 0;
    }
    if (errno == EPERM && type != S_IFIFO)
        return bind_node(launch, op);
    struct stat status;
    int error = errno;
    if (error == EEXIST && fstatat(parent, base, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        (status.st_mode & S_IFMT) == type && (type == S_IFIFO || status.st_rdev == number))
        return 0;
    return fail(launch, error, "%s", path);
}
