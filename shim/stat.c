/* `shim stat`: what is at a path of a root: "mode size mtime", a NUL, the value of a link, a NUL. */
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tree.h"

/* A path that ends with a slash or with "/." means what a link there leads to. */
bool names_directory(const char *path)
{
    size_t length = strlen(path);
    return length == 0 || path[length - 1] == '/' ||
           (length > 1 && path[length - 1] == '.' && path[length - 2] == '/');
}

static int open_last(int root, const char *path)
{
    char base[NAME_MAX + 1];
    if (names_directory(path))
        return open_in(root, path, O_PATH, 0);
    SCOPED_FD parent = open_parent(root, path, base, false);
    if (parent < 0)
        return parent;
    int fd = openat(parent, base[0] == 0 ? "." : base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int stat_main(const char *plan, const char *path)
{
    static struct launch launch;
    char value[PATH_BYTES];
    struct stat status;
    uint8_t *bytes;
    size_t size;
    ssize_t length = 0;
    launch_init(&launch);
    int result = read_plan(plan, &bytes, &size);
    if (result == 0)
        result = tree_prepare(&launch, bytes, size);
    if (result < 0)
        return tree_failed("plan", launch.detail, result);
    SCOPED_FD fd = open_last(launch_root(&launch), path);
    if (fd < 0)
        return tree_failed("stat", path, fd);
    if (fstat(fd, &status) < 0)
        return tree_failed("stat", path, -errno);
    if (S_ISLNK(status.st_mode))
        length = readlinkat(fd, "", value, sizeof value - 1);
    if (length < 0)
        return tree_failed("stat", path, -errno);
    value[length] = 0;
    printf("%u %lld %lld", status.st_mode, (long long)status.st_size,
           (long long)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec);
    fputc(0, stdout);
    fputs(value, stdout);
    fputc(0, stdout);
    return fflush(stdout) != 0 ? tree_failed("stat", path, -errno) : 0;
}
