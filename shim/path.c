/*
 * Paths below a root, always through descriptors. openat2(2) with RESOLVE_IN_ROOT keeps a symlink of the image, however
 * it is exchanged meanwhile, from leading out of the root; RESOLVE_NO_MAGICLINKS stops /proc/<pid>/fd and its like.
 */
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "shim.h"

#define SYMLINKS_MAX 40
#define RACES_MAX 128

int open_in(int root, const char *path, uint64_t flags, uint64_t mode)
{
    struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .mode = mode,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    /* EAGAIN: a rename somewhere on the system crossed a ".." of this walk (openat2(2)). */
    for (int i = 0; i < RACES_MAX; i++) {
        int fd = (int)syscall(SYS_openat2, root, *path == 0 ? "/" : path, &how, sizeof how);
        if (fd >= 0)
            return fd;
        if (errno != EAGAIN && errno != EINTR)
            break;
    }
    return -errno;
}

/* A path that must not leave `base`: one that would is -EXDEV. */
int open_beneath(int base, const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    for (int i = 0; i < RACES_MAX; i++) {
        int fd = (int)syscall(SYS_openat2, base, path, &how, sizeof how);
        if (fd >= 0)
            return fd;
        if (errno != EAGAIN && errno != EINTR)
            break;
    }
    return -errno;
}

/* The root that target paths are resolved in: the container's after `root`, else this mount namespace's. */
int launch_root(struct launch *launch)
{
    if (launch->root < 0) {
        launch->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (launch->root < 0)
            return -errno;
    }
    return launch->root;
}

/* A descriptor of / from before a namespace change would lead back into the old namespace. */
void forget_root(struct launch *launch)
{
    if (launch->rooted || launch->root < 0)
        return;
    close(launch->root);
    launch->root = NONE;
}

/* Length of the path up to and without its last component; `base` gets that. -EINVAL for "." and "..". */
static int split(const char *path, char *base)
{
    size_t end = strlen(path);
    while (end > 0 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    size_t length = end - start;
    if (length > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(base, path + start, length);
    base[length] = 0;
    if (strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
        return -EINVAL;
    return (int)start;
}

/* Replaces a path whose component [start, end) is a symlink by what it means; -ENOENT: it is none. */
static int follow(int parent, char *path, size_t start, size_t end)
{
    char name[NAME_MAX + 1], value[PATH_BYTES], joined[PATH_BYTES];
    memcpy(name, path + start, end - start);
    name[end - start] = 0;
    ssize_t length = readlinkat(parent, name, value, sizeof value - 1);
    if (length < 0)
        return errno == EINVAL ? -ENOTDIR : -errno;
    value[length] = 0;
    int head = value[0] == '/' ? 0 : (int)start;
    int size = snprintf(joined, sizeof joined, "%.*s%s%s", head, path, value, path + end);
    if (size < 0 || (size_t)size >= sizeof joined)
        return -ENAMETOOLONG;
    memcpy(path, joined, (size_t)size + 1);
    return 0;
}

/* Makes one directory below `parent` and opens it; -EEXIST: something is there. */
static int make_one(int parent, const char *name, uint32_t mode, uint32_t uid, uint32_t gid)
{
    struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
    };
    if (mkdirat(parent, name, 0700) < 0)
        return -errno;
    int fd = (int)syscall(SYS_openat2, parent, name, &how, sizeof how);
    if (fd < 0)
        return -errno;
    if (((uid != 0 || gid != 0) && fchown(fd, uid, gid) < 0) || fchmod(fd, mode) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

/* One pass along `path`; 1: it was rewritten (a dangling symlink), walk again. */
static int walk(int root, char *path, uint32_t mode, uint32_t uid, uint32_t gid, int *result)
{
    SCOPED_FD at = open_in(root, "/", O_PATH | O_DIRECTORY, 0);
    size_t end = 0;
    while (at >= 0) {
        size_t start = end + strspn(path + end, "/");
        end = start + strcspn(path + start, "/");
        if (start == end)
            break;
        if (end - start > NAME_MAX)
            return -ENAMETOOLONG;
        char saved = path[end];
        path[end] = 0;
        /* From the root each time: what the prefix means can change, but not leave the root. */
        int next = open_in(root, path, O_PATH | O_DIRECTORY, 0);
        if (next == -ENOENT)
            next = make_one(at, path + start, mode, uid, gid);
        path[end] = saved;
        if (next == -EEXIST) {
            int status = follow(at, path, start, end);
            return status < 0 ? status : 1;
        }
        close(at);
        at = next;
    }
    *result = at;
    at = NONE;
    return *result < 0 ? *result : 0;
}

/* Opens a directory, making what is missing of it; the mode and owner go to what is made. */
int make_directories(int root, const char *path, uint32_t mode, uint32_t uid, uint32_t gid)
{
    char copy[PATH_BYTES];
    int fd = open_in(root, path, O_PATH | O_DIRECTORY, 0);
    if (fd != -ENOENT)
        return fd;
    if (strlen(path) >= sizeof copy)
        return -ENAMETOOLONG;
    strcpy(copy, path);
    for (int i = 0; i < SYMLINKS_MAX; i++) {
        int status = walk(root, copy, mode, uid, gid, &fd);
        if (status != 1)
            return status < 0 ? status : fd;
    }
    return -ELOOP;
}

/* The directory that holds `path`; its last name goes to `base` (NAME_MAX + 1 bytes), "" for the root itself. */
int open_parent(int root, const char *path, char *base, bool make)
{
    char parent[PATH_BYTES];
    int start = split(path, base);
    if (start < 0)
        return start;
    if ((size_t)start >= sizeof parent)
        return -ENAMETOOLONG;
    memcpy(parent, path, (size_t)start);
    parent[start] = 0;
    return make ? make_directories(root, parent, 0755, 0, 0) : open_in(root, parent, O_PATH | O_DIRECTORY, 0);
}

static int create_file(int root, const char *path)
{
    char copy[PATH_BYTES], base[NAME_MAX + 1];
    if (strlen(path) >= sizeof copy)
        return -ENAMETOOLONG;
    strcpy(copy, path);
    for (int i = 0; i < SYMLINKS_MAX; i++) {
        SCOPED_FD parent = open_parent(root, copy, base, true);
        if (parent < 0)
            return parent;
        int fd = openat(parent, base, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_RDONLY, 0644);
        if (fd >= 0)
            return fd;
        if (errno != EEXIST)
            return -errno;
        size_t end = strlen(copy);
        while (end > 0 && copy[end - 1] == '/')
            copy[--end] = 0;
        int status = follow(parent, copy, end - strlen(base), end);
        if (status < 0)
            return status == -ENOTDIR ? open_in(root, copy, O_PATH, 0) : status;
    }
    return -ELOOP;
}

/*
 * The image's own /dev, /proc and /sys must be directories: as links they would lead what is mounted and made there into
 * a volume or a directory of the host (CVE-2026-41579), and away from what is masked later (CVE-2019-19921).
 */
int refuse_link(int root, const char *path)
{
    static const char *const NAMES[] = {"dev", "proc", "sys"};
    struct stat status;
    path += strspn(path, "/");
    size_t length = strcspn(path, "/");
    for (unsigned i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (strlen(NAMES[i]) == length && memcmp(NAMES[i], path, length) == 0 &&
            fstatat(root, NAMES[i], &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode))
            return -ELOOP;
    return 0;
}

/* A descriptor to mount on, made when missing and asked for. */
int open_target(int root, const char *path, enum create create)
{
    int refused = refuse_link(root, path);
    int fd = refused < 0 ? refused : open_in(root, path, O_PATH, 0);
    if (fd != -ENOENT || create == CREATE_NONE)
        return fd;
    return create == CREATE_DIRECTORY ? make_directories(root, path, 0755, 0, 0) : create_file(root, path);
}

/* An image or a second container may have put something else in /dev/null's place (CVE-2025-31133). */
int verify_null_device(int fd)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3) ? 0 : -ENOTSUP;
}

int write_all(int fd, const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t size = write(fd, at, length);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return size == 0 ? -EIO : -errno;
        at += size;
        length -= (size_t)size;
    }
    return 0;
}

/* -EPIPE when the other side ends before that many bytes. */
int read_exactly(int fd, void *data, size_t length)
{
    char *at = data;
    while (length > 0) {
        ssize_t size = read(fd, at, length);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return size == 0 ? -EPIPE : -errno;
        at += size;
        length -= (size_t)size;
    }
    return 0;
}
