/*
 * `shim changes`: what the upper directory of an overlay changes of the tree below it, on standard output: a letter (A
 * added, C changed, D removed), the path, a NUL. Both trees are walked by descriptors and no link is followed.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "tree.h"

#define DEPTH_MAX 2048

struct walk {
    FILE *out;
    char path[PATH_BYTES];
};

static void report_change(struct walk *walk, char kind)
{
    fputc(kind, walk->out);
    fputs(walk->path, walk->out);
    fputc(0, walk->out);
}

static bool same_owner(const struct stat *a, const struct stat *b)
{
    return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid;
}

/* A file that was copied up and left as it was is no change; a directory's size and times tell nothing. */
static bool is_same(const struct stat *a, const struct stat *b)
{
    return same_owner(a, b) && a->st_rdev == b->st_rdev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool is_opaque(int fd)
{
    char value;
    return fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

static int walk_directory(struct walk *walk, int upper, int lower, int depth);

/* Everything that an opaque directory hides and that has not come back in it. */
static int report_hidden(struct walk *walk, int upper, int lower, size_t length)
{
    char **names;
    struct stat status;
    ssize_t count = list_names(lower, &names);
    int result = count < 0 ? (int)count : 0;
    for (ssize_t i = 0; i < count; i++) {
        if (length + strlen(names[i]) + 2 > sizeof walk->path)
            result = -ENAMETOOLONG;
        else if (fstatat(upper, names[i], &status, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
            snprintf(walk->path + length, sizeof walk->path - length, "/%s", names[i]);
            report_change(walk, 'D');
        }
        free(names[i]);
    }
    free(names);
    walk->path[length] = 0;
    return result;
}

static int walk_entry(struct walk *walk, int upper, int lower, const char *name, int depth)
{
    struct stat now, before;
    if (fstatat(upper, name, &now, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    bool existed = lower >= 0 && fstatat(lower, name, &before, AT_SYMLINK_NOFOLLOW) == 0;
    if (S_ISCHR(now.st_mode) && now.st_rdev == makedev(0, 0)) {
        if (existed)
            report_change(walk, 'D');
        return 0;
    }
    if (!S_ISDIR(now.st_mode)) {
        if (!existed || !is_same(&now, &before))
            report_change(walk, existed ? 'C' : 'A');
        return 0;
    }
    if (!existed || !same_owner(&now, &before))
        report_change(walk, existed ? 'C' : 'A');
    SCOPED_FD above = openat(upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (above < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
    SCOPED_FD below = existed && S_ISDIR(before.st_mode)
                          ? openat(lower, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                          : NONE;
    return walk_directory(walk, above, below, depth + 1);
}

static int walk_directory(struct walk *walk, int upper, int lower, int depth)
{
    char **names;
    size_t length = strlen(walk->path);
    ssize_t count = depth > DEPTH_MAX ? -ELOOP : list_names(upper, &names);
    if (count < 0)
        return (int)count;
    int status = 0;
    for (ssize_t i = 0; i < count; i++) {
        if (status == 0 && length + strlen(names[i]) + 2 > sizeof walk->path)
            status = -ENAMETOOLONG;
        if (status == 0) {
            snprintf(walk->path + length, sizeof walk->path - length, "/%s", names[i]);
            status = walk_entry(walk, upper, lower, names[i], depth);
        }
        free(names[i]);
    }
    free(names);
    walk->path[length] = 0;
    return status == 0 && lower >= 0 && is_opaque(upper) ? report_hidden(walk, upper, lower, length) : status;
}

int changes_main(const char *plan, const char *upper)
{
    static struct launch launch;
    static struct walk walk;
    uint8_t *bytes;
    size_t length;
    launch_init(&launch);
    raise_descriptors();
    SCOPED_FD above = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above < 0)
        return tree_failed("upper", upper, -errno);
    int status = read_plan(plan, &bytes, &length);
    if (status == 0)
        status = tree_prepare(&launch, bytes, length);
    if (status < 0)
        return tree_failed("plan", launch.detail, status);
    SCOPED_FD below = open_in(launch_root(&launch), "/", O_RDONLY | O_DIRECTORY, 0);
    if (below < 0)
        return tree_failed("root", "/", below);
    walk.out = stdout;
    status = walk_directory(&walk, above, below, 0);
    if (status == 0 && fflush(stdout) != 0)
        status = -errno;
    return status < 0 ? tree_failed("changes", walk.path, status) : 0;
}
