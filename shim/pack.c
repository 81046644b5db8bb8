/*
 * `shim pack` and `shim tar`: a tree becomes operations, or an archive, on standard output, in the order of names.
 * Here is the walk; tree-writer.c and tar-writer.c know the two forms.
 */
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

/* An entry of the kind that `code` names, OP_TREE_*; `text` is what a link leads to. */
static int put_entry(struct pack *pack, uint16_t code, const struct stat *status, const char *text)
{
    return pack->tar == NULL ? tree_entry(pack, code, status, text) : tar_entry(pack, code, status, text);
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
            int status = pack->tar == NULL ? tree_piece(pack, fd, &at, hole) : tar_piece(pack, fd, &at, hole);
            if (status != 0)
                return status < 0 ? status : 0;
        }
    }
    return 0;
}

/*
 * A container that runs may have put a device in the file's place by now, and opening alone starts a watchdog or rewinds
 * a tape: what the name means is looked at through a descriptor that opens nothing, and then that very file is opened.
 */
static int open_regular(struct pack *pack, int parent, const char *name, struct stat *status)
{
    char path[32];
    SCOPED_FD place = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (place < 0 || fstat(place, status) < 0)
        return -errno;
    if (!S_ISREG(status->st_mode))
        return -ENOENT;
    snprintf(path, sizeof path, "self/fd/%d", place);
    int fd = openat(pack->proc, path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int pack_file(struct pack *pack, int parent, const char *name)
{
    struct stat status;
    SCOPED_FD fd = open_regular(pack, parent, name, &status);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    int error = 0;
    const char *first = status.st_nlink > 1 ? seen_before(pack, &status, &error) : NULL;
    if (error < 0 || first != NULL)
        return error < 0 ? error : put_entry(pack, OP_TREE_HARDLINK, NULL, first);
    error = read_xattrs(pack, fd);
    if (error == 0)
        error = put_entry(pack, OP_TREE_FILE, &status, NULL);
    if (error == 0)
        error = pack_content(pack, fd, status.st_size);
    return error < 0 || pack->tar == NULL ? error : tar_file_end(pack);
}

static int pack_symlink(struct pack *pack, int parent, const char *name, const struct stat *status)
{
    char value[PATH_BYTES];
    ssize_t length = readlinkat(parent, name, value, sizeof value - 1);
    if (length < 0)
        return errno == ENOENT ? 0 : -errno;
    value[length] = 0;
    pack->xattrs_length = 0;
    return put_entry(pack, OP_TREE_SYMLINK, status, value);
}

static int pack_node(struct pack *pack, const struct stat *status)
{
    bool whiteout = S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0);
    pack->xattrs_length = 0;
    return whiteout ? put_entry(pack, OP_TREE_WHITEOUT, NULL, NULL) : put_entry(pack, OP_TREE_DEVICE, status, NULL);
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
        result = put_entry(pack, OP_TREE_DIRECTORY, &status, NULL);
    if (result == 0 && pack->opaque)
        result = put_entry(pack, OP_TREE_OPAQUE, NULL, NULL);
    if (result < 0)
        return result;
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

/* Walks what is at `path` of the root that the plan leads to. */
static int pack_tree(struct pack *pack, const char *plan, const char *path)
{
    static struct launch launch;
    char base[NAME_MAX + 1];
    struct stat there;
    uint8_t *bytes;
    size_t length;
    launch_init(&launch);
    raise_descriptors();
    /* The host's, before the plan leads elsewhere. */
    pack->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (pack->proc < 0)
        return tree_failed("root", "/proc", -errno);
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
    strcpy(pack->path, name);
    status = pack_entry(pack, parent, name, 0);
    if (status == 0)
        status = pack->tar == NULL ? tree_end(pack) : tar_end(pack);
    return status < 0 ? tree_failed("pack", pack->path, status) : 0;
}

int pack_main(const char *plan, const char *path)
{
    static struct pack pack;
    return pack_tree(&pack, plan, path);
}

int tar_main(char **arguments)
{
    static struct pack pack;
    static struct tar tar;
    pack.tar = &tar;
    tar.name = arguments[2];
    tar.latest = strtoll(arguments[3], NULL, 10);
    tar.is_layer = strcmp(arguments[4], "layer") == 0;
    tar.left_out = arguments + 5;
    return pack_tree(&pack, arguments[0], arguments[1]);
}
