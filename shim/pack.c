/* `shim pack`: a tree becomes operations on standard output, in the order of names. */
#include <dirent.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "pack.h"

#define DEPTH_MAX 2048

static int pack_link(struct pack *pack, const char *first)
{
    int status = step_begin(pack, OP_TREE_HARDLINK);
    if (status < 0)
        return status;
    put_str(pack, pack->path);
    put_str(pack, first);
    return step_end(pack);
}

/* Only what holds data; a file system that cannot tell says that all of it does. */
static int pack_content(struct pack *pack, int fd, off_t size)
{
    for (off_t at = 0; at < size;) {
        off_t data = lseek(fd, at, SEEK_DATA);
        if (data < 0 && errno == ENXIO)
            return 0;
        off_t hole = data < 0 ? size : lseek(fd, data, SEEK_HOLE);
        at = data < 0 ? at : data;
        if (hole < 0 || hole > size)
            hole = size;
        while (at < hole) {
            int status = pack_piece(pack, fd, &at, hole);
            if (status != 0)
                return status < 0 ? status : 0;
        }
    }
    return 0;
}

static int pack_file(struct pack *pack, int parent, const char *name)
{
    struct stat status;
    SCOPED_FD fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISREG(status.st_mode))
        return 0;
    int error = 0;
    const char *first = status.st_nlink > 1 ? seen_before(pack, &status, &error) : NULL;
    if (error < 0 || first != NULL)
        return error < 0 ? error : pack_link(pack, first);
    error = read_xattrs(pack, fd);
    if (error == 0)
        error = step_begin(pack, OP_TREE_FILE);
    if (error < 0)
        return error;
    put_str(pack, pack->path);
    put_common(pack, &status, true);
    put_u64(pack, (uint64_t)status.st_size);
    step_end(pack);
    return pack_content(pack, fd, status.st_size);
}

static int pack_symlink(struct pack *pack, int parent, const char *name, const struct stat *status)
{
    char value[PATH_BYTES];
    ssize_t length = readlinkat(parent, name, value, sizeof value - 1);
    if (length < 0)
        return errno == ENOENT ? 0 : -errno;
    value[length] = 0;
    pack->xattrs_length = 0;
    int result = step_begin(pack, OP_TREE_SYMLINK);
    if (result < 0)
        return result;
    put_str(pack, pack->path);
    put_str(pack, value);
    put_common(pack, status, false);
    return step_end(pack);
}

static int pack_node(struct pack *pack, const struct stat *status)
{
    bool whiteout = S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0);
    int result = step_begin(pack, whiteout ? OP_TREE_WHITEOUT : OP_TREE_DEVICE);
    if (result < 0)
        return result;
    put_str(pack, pack->path);
    if (!whiteout) {
        pack->xattrs_length = 0;
        put_common(pack, status, true);
        put_u32(pack, major(status->st_rdev));
        put_u32(pack, minor(status->st_rdev));
    }
    return step_end(pack);
}

static int pack_entry(struct pack *pack, int parent, const char *name, int depth);

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of a directory, sorted, in `names`; their count or a negative errno. */
ssize_t list_names(int directory, char ***names)
{
    int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy < 0 ? NULL : fdopendir(copy);
    size_t count = 0, room = 0;
    *names = NULL;
    if (listing == NULL)
        return -errno;
    struct dirent *entry;
    ssize_t status = 0;
    while (status == 0 && (entry = readdir(listing)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (count == room) {
            room = room == 0 ? 64 : room * 2;
            char **grown = realloc(*names, room * sizeof *grown);
            if (grown == NULL) {
                status = -ENOMEM;
                break;
            }
            *names = grown;
        }
        (*names)[count] = strdup(entry->d_name);
        if ((*names)[count] == NULL)
            status = -ENOMEM;
        else
            count++;
    }
    closedir(listing);
    if (count > 0)
        qsort(*names, count, sizeof **names, by_name);
    return status < 0 ? status : (ssize_t)count;
}

static int pack_below(struct pack *pack, int directory, int depth)
{
    char **names;
    size_t length = strlen(pack->path);
    bool top = strcmp(pack->path, ".") == 0;
    ssize_t count = list_names(directory, &names);
    int status = count < 0 ? (int)count : 0;
    for (ssize_t i = 0; i < count; i++) {
        size_t at = top ? 0 : length;
        if (status == 0 && at + strlen(names[i]) + 2 > sizeof pack->path)
            status = -ENAMETOOLONG;
        if (status == 0) {
            snprintf(pack->path + at, sizeof pack->path - at, "%s%s", top ? "" : "/", names[i]);
            status = pack_entry(pack, directory, names[i], depth + 1);
        }
        free(names[i]);
        if (status == 0)
            strcpy(pack->path + (top ? 0 : length), top ? "." : "");
    }
    free(names);
    return status;
}

/* The kernel's own file systems have no content to carry away. */
static bool is_kernel_view(int fd)
{
    struct statfs status;
    return fstatfs(fd, &status) == 0 &&
           (status.f_type == PROC_SUPER_MAGIC || status.f_type == SYSFS_MAGIC || status.f_type == CGROUP_SUPER_MAGIC ||
            status.f_type == CGROUP2_SUPER_MAGIC);
}

static int pack_directory(struct pack *pack, int parent, const char *name, int depth)
{
    struct stat status;
    SCOPED_FD fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0)
        return errno == ENOENT ? 0 : -errno;
    int result = depth > DEPTH_MAX ? -ELOOP : read_xattrs(pack, fd);
    if (result == 0)
        result = step_begin(pack, OP_TREE_DIRECTORY);
    if (result < 0)
        return result;
    put_str(pack, pack->path);
    put_common(pack, &status, true);
    step_end(pack);
    if (pack->opaque) {
        result = step_begin(pack, OP_TREE_OPAQUE);
        if (result < 0)
            return result;
        put_str(pack, pack->path);
        step_end(pack);
    }
    return is_kernel_view(fd) ? 0 : pack_below(pack, fd, depth);
}

static int pack_entry(struct pack *pack, int parent, const char *name, int depth)
{
    struct stat status;
    /* A living tree changes under the walk; what is gone meanwhile is not in it. */
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    switch (status.st_mode & S_IFMT) {
    case S_IFREG:
        return pack_file(pack, parent, name);
    case S_IFDIR:
        return pack_directory(pack, parent, name, depth);
    case S_IFLNK:
        return pack_symlink(pack, parent, name, &status);
    case S_IFSOCK:
        return 0;
    default:
        return pack_node(pack, &status);
    }
}

void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int pack_main(const char *plan, const char *path)
{
    static struct launch launch;
    static struct pack pack;
    char base[NAME_MAX + 1];
    struct stat there;
    uint8_t *bytes;
    size_t length;
    launch_init(&launch);
    raise_descriptors();
    int status = read_plan(plan, &bytes, &length);
    if (status == 0)
        status = tree_prepare(&launch, bytes, length);
    if (status < 0)
        return tree_failed("plan", launch.detail, status);
    base[0] = 0;
    SCOPED_FD parent = names_directory(path) ? open_in(launch_root(&launch), path, O_PATH | O_DIRECTORY, 0)
                                             : open_parent(launch_root(&launch), path, base, false);
    if (parent < 0)
        return tree_failed("root", path, parent);
    const char *name = base[0] == 0 ? "." : base;
    if (fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
        return tree_failed("root", path, -errno);
    strcpy(pack.path, name);
    status = pack_entry(&pack, parent, name, 0);
    if (status == 0)
        status = step_begin(&pack, OP_TREE_END);
    if (status == 0)
        status = step_end(&pack);
    if (status == 0)
        status = pack_flush(&pack);
    return status < 0 ? tree_failed("pack", pack.path, status) : 0;
}
