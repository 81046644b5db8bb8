/* Copies a directory tree between two descriptors: owners, modes, times, extended attributes, nodes and links. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "shim.h"

#define DEPTH_MAX 256
#define XATTR_BYTES 65536

static int copy_xattrs(int from, int to)
{
    char names[XATTR_BYTES], value[XATTR_BYTES];
    ssize_t length = flistxattr(from, names, sizeof names);
    for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
        ssize_t size = fgetxattr(from, names + at, value, sizeof value);
        /* overlayfs keeps its own notes there; they mean nothing in another place. */
        if (size < 0 || strncmp(names + at, "trusted.overlay.", 16) == 0)
            continue;
        if (fsetxattr(to, names + at, value, (size_t)size, 0) < 0 && errno != ENOTSUP && errno != EPERM)
            return -errno;
    }
    return 0;
}

static int copy_attributes(int from, int to, const struct stat *status)
{
    struct timespec times[2] = {status->st_atim, status->st_mtim};
    if (fchown(to, status->st_uid, status->st_gid) < 0 || fchmod(to, status->st_mode & 07777) < 0)
        return -errno;
    int result = copy_xattrs(from, to);
    return result < 0 ? result : futimens(to, times) < 0 ? -errno : 0;
}

/* The next piece of at most `length` bytes, from and to the same offset; its size, 0 at the end of the file. */
static ssize_t copy_piece(int from, int to, off_t at, size_t length)
{
    ssize_t size;
    do {
        off_t source = at, target = at;
        size = copy_file_range(from, &source, to, &target, length, 0);
        if (size < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
            source = at;
            size = lseek(to, at, SEEK_SET) < 0 ? -1 : sendfile(to, from, &source, length);
        }
    } while (size < 0 && errno == EINTR);
    return size < 0 ? -errno : size;
}

/* Holes stay holes: an image of a few bytes may hold a file of terabytes. */
static int copy_content(int from, int to, off_t end)
{
    for (off_t at = 0; at < end;) {
        off_t data = lseek(from, at, SEEK_DATA);
        if (data < 0 && errno == ENXIO)
            break;
        off_t hole = data < 0 ? end : lseek(from, data, SEEK_HOLE);
        at = data < 0 ? at : data;
        if (hole < 0 || hole > end)
            hole = end;
        while (at < hole) {
            ssize_t size = copy_piece(from, to, at, hole - at < 1 << 30 ? (size_t)(hole - at) : 1 << 30);
            /* It became shorter meanwhile. */
            if (size <= 0)
                return (int)size;
            at += size;
        }
    }
    return ftruncate(to, end) < 0 ? -errno : 0;
}

static int copy_file(int from, int to, const char *name)
{
    struct stat status;
    SCOPED_FD source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (source < 0 || fstat(source, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EAGAIN;
    SCOPED_FD target = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (target < 0)
        return -errno;
    int result = copy_content(source, target, status.st_size);
    return result < 0 ? result : copy_attributes(source, target, &status);
}

static int copy_link(int from, int to, const char *name, const struct stat *status)
{
    char value[PATH_BYTES];
    ssize_t length = readlinkat(from, name, value, sizeof value - 1);
    if (length < 0)
        return -errno;
    value[length] = 0;
    if (symlinkat(value, to, name) < 0 || fchownat(to, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return 0;
}

static int copy_node(int from, int to, const char *name, const struct stat *status)
{
    mode_t old = umask(0);
    int result = mknodat(to, name, status->st_mode, status->st_rdev) < 0 ? -errno : 0;
    umask(old);
    if (result == 0 && fchownat(to, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        result = -errno;
    (void)from;
    return result;
}

static int copy_directory(int from, int to, int depth);

static int copy_entry(int from, int to, const char *name, int depth)
{
    struct stat status;
    if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    switch (status.st_mode & S_IFMT) {
    case S_IFREG:
        return copy_file(from, to, name);
    case S_IFLNK:
        return copy_link(from, to, name, &status);
    case S_IFDIR:
        break;
    case S_IFSOCK:
        return 0;
    default:
        return copy_node(from, to, name, &status);
    }
    SCOPED_FD source = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (source < 0 || (mkdirat(to, name, 0700) < 0 && errno != EEXIST))
        return -errno;
    SCOPED_FD target = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target < 0)
        return -errno;
    return copy_directory(source, target, depth + 1);
}

static int copy_directory(int from, int to, int depth)
{
    if (depth > DEPTH_MAX)
        return -ELOOP;
    int copy = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy < 0 ? NULL : fdopendir(copy);
    if (listing == NULL)
        return -errno;
    int result = 0;
    struct dirent *entry;
    while (result == 0 && (entry = readdir(listing)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = copy_entry(from, to, entry->d_name, depth);
    closedir(listing);
    struct stat status;
    if (result == 0)
        result = fstat(from, &status) < 0 ? -errno : copy_attributes(from, to, &status);
    return result;
}

int copy_tree(int from, int to)
{
    return copy_directory(from, to, 0);
}

static bool is_empty(int directory)
{
    int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy < 0 ? NULL : fdopendir(copy);
    bool empty = listing != NULL;
    struct dirent *entry;
    while (empty && (entry = readdir(listing)) != NULL)
        /* A fresh ext4 volume is not less empty for its lost+found. */
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                strcmp(entry->d_name, "lost+found") == 0;
    if (listing != NULL)
        closedir(listing);
    return empty;
}

/* Into an empty directory alone; what the container does not have is nothing to copy. */
static int fill(struct launch *launch, const char *path, int to)
{
    if (!is_empty(to))
        return 0;
    SCOPED_FD from = open_in(launch_root(launch), path, O_RDONLY | O_DIRECTORY, 0);
    if (from == -ENOENT || from == -ENOTDIR)
        return 0;
    int status = from < 0 ? from : copy_tree(from, to);
    return status < 0 ? fail(launch, status, "%s", path) : 0;
}

int op_copy_up(struct launch *launch, const struct op *op)
{
    const char *destination = op_str(op, COPY_UP__DESTINATION);
    SCOPED_FD to = open(destination, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return to < 0 ? fail(launch, errno, "%s", destination) : fill(launch, op_str(op, COPY_UP__PATH), to);
}

/* Through the mapping of a tree that is kept, which its `bind` takes later. */
int op_copy_up_tree(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, COPY_UP_TREE__PATH);
    uint32_t number = op_u32(op, COPY_UP_TREE__TREE);
    if (number == 0 || number > launch->tree_count || launch->trees[number - 1] < 0)
        return fail(launch, EBADF, "%s", path);
    SCOPED_FD to = openat(launch->trees[number - 1], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return to < 0 ? fail(launch, errno, "%s", path) : fill(launch, path, to);
}

int op_copy_into_tmpfs(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, COPY_INTO_TMPFS__TARGET);
    SCOPED_FD target = open_target(launch_root(launch), path, CREATE_DIRECTORY);
    SCOPED_FD from = target < 0 ? target : openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (from < 0)
        return fail(launch, target < 0 ? target : errno, "%s", path);
    SCOPED_FD fd =
        new_mount(launch, "tmpfs", "tmpfs", op_str(op, COPY_INTO_TMPFS__DATA), op_u64(op, COPY_INTO_TMPFS__ATTRIBUTES));
    if (fd < 0)
        return fd;
    SCOPED_FD to = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int status = to < 0 ? -errno : copy_tree(from, to);
    if (status == 0)
        status = sys_move_mount(fd, target);
    return status < 0 ? fail(launch, status, "%s", path) : 0;
}
