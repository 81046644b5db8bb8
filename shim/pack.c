/* `shim pack`: a tree becomes operations on standard output, in the order of names. */
#include <dirent.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "tree.h"

#define BUFFER_BYTES (512u * 1024)
#define DATA_BYTES (256u * 1024)
#define XATTR_BYTES 65536
#define DEPTH_MAX 2048

/* A file with several names: the first becomes the file, the others links to it. */
struct linked {
    dev_t device;
    ino_t inode;
    char *path;
};

struct pack {
    uint8_t buffer[BUFFER_BYTES];
    size_t length;
    size_t step; /* where the current step's payload length stands */
    struct linked *linked;
    size_t linked_count, linked_room;
    char path[PATH_BYTES];
    uint8_t xattrs[2 * XATTR_BYTES];
    size_t xattrs_length;
    bool opaque;
};

static int flush(struct pack *pack)
{
    int status = write_all(1, pack->buffer, pack->length);
    pack->length = 0;
    return status;
}

static void put_u32(struct pack *pack, uint32_t value)
{
    store_u32(pack->buffer + pack->length, value);
    pack->length += 4;
}

static void put_u64(struct pack *pack, uint64_t value)
{
    store_u64(pack->buffer + pack->length, value);
    pack->length += 8;
}

static void put_bytes(struct pack *pack, const void *bytes, size_t length)
{
    put_u32(pack, (uint32_t)length);
    memcpy(pack->buffer + pack->length, bytes, length);
    pack->length += length;
}

static void put_str(struct pack *pack, const char *text)
{
    put_bytes(pack, text, strlen(text));
    pack->buffer[pack->length++] = 0;
}

/* Every step but data fits into a quarter of the buffer: two paths and all attributes. */
static int begin(struct pack *pack, uint16_t code)
{
    if (pack->length > BUFFER_BYTES - 2 * PATH_BYTES - sizeof pack->xattrs - 128) {
        int status = flush(pack);
        if (status < 0)
            return status;
    }
    uint8_t head[4] = {(uint8_t)code, (uint8_t)(code >> 8), STAGE_HOST, 0};
    memcpy(pack->buffer + pack->length, head, sizeof head);
    pack->step = pack->length + 4;
    pack->length += STEP_HEAD_BYTES;
    return 0;
}

static int end(struct pack *pack)
{
    store_u32(pack->buffer + pack->step, (uint32_t)(pack->length - pack->step - 4));
    return 0;
}

static void put_common(struct pack *pack, const struct stat *status, bool mode)
{
    int64_t ns = (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
    if (mode)
        put_u32(pack, status->st_mode);
    put_u32(pack, status->st_uid);
    put_u32(pack, status->st_gid);
    put_u64(pack, ns < 0 ? 0 : (uint64_t)ns);
    put_bytes(pack, pack->xattrs, pack->xattrs_length);
}

/* Reads the attributes of an open file; overlayfs's own are no content. */
static int read_xattrs(struct pack *pack, int fd)
{
    static char names[XATTR_BYTES], value[XATTR_BYTES];
    pack->xattrs_length = 0;
    pack->opaque = false;
    ssize_t length = flistxattr(fd, names, sizeof names);
    for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
        const char *name = names + at;
        size_t name_length = strlen(name);
        ssize_t size = fgetxattr(fd, name, value, sizeof value);
        if (strcmp(name, "trusted.overlay.opaque") == 0)
            pack->opaque = size == 1 && value[0] == 'y';
        if (size < 0 || strncmp(name, "trusted.overlay.", 16) == 0)
            continue;
        if (pack->xattrs_length + name_length + (size_t)size + 8 > sizeof pack->xattrs)
            return -E2BIG;
        uint8_t *to = pack->xattrs + pack->xattrs_length;
        store_u32(to, (uint32_t)name_length);
        memcpy(to + 4, name, name_length);
        store_u32(to + 4 + name_length, (uint32_t)size);
        memcpy(to + 8 + name_length, value, (size_t)size);
        pack->xattrs_length += 8 + name_length + (size_t)size;
    }
    return 0;
}

/* The path under which a file with several names was written before; NULL: this is the first. */
static const char *seen_before(struct pack *pack, const struct stat *status, int *error)
{
    size_t mask = pack->linked_room - 1;
    if (pack->linked_count * 2 >= pack->linked_room) {
        size_t room = pack->linked_room == 0 ? 1024 : pack->linked_room * 2;
        struct linked *grown = calloc(room, sizeof *grown);
        if (grown == NULL) {
            *error = -ENOMEM;
            return NULL;
        }
        for (size_t i = 0; i < pack->linked_room; i++) {
            if (pack->linked[i].path == NULL)
                continue;
            size_t at = pack->linked[i].inode & (room - 1);
            while (grown[at].path != NULL)
                at = (at + 1) & (room - 1);
            grown[at] = pack->linked[i];
        }
        free(pack->linked);
        pack->linked = grown;
        pack->linked_room = room;
        mask = room - 1;
    }
    size_t at = status->st_ino & mask;
    for (; pack->linked[at].path != NULL; at = (at + 1) & mask)
        if (pack->linked[at].inode == status->st_ino && pack->linked[at].device == status->st_dev)
            return pack->linked[at].path;
    pack->linked[at] = (struct linked){status->st_dev, status->st_ino, strdup(pack->path)};
    *error = pack->linked[at].path == NULL ? -ENOMEM : 0;
    pack->linked_count++;
    return NULL;
}

static int pack_link(struct pack *pack, const char *first)
{
    int status = begin(pack, OP_TREE_HARDLINK);
    if (status < 0)
        return status;
    put_str(pack, pack->path);
    put_str(pack, first);
    return end(pack);
}

static int pack_piece(struct pack *pack, int fd, off_t *at, off_t until)
{
    if (pack->length > BUFFER_BYTES - DATA_BYTES - 64) {
        int status = flush(pack);
        if (status < 0)
            return status;
    }
    size_t wanted = until - *at < (off_t)DATA_BYTES ? (size_t)(until - *at) : DATA_BYTES;
    uint8_t *head = pack->buffer + pack->length;
    ssize_t size = pread(fd, head + STEP_HEAD_BYTES + 12, wanted, *at);
    /* Shorter than it was: the rest is a hole to the reader. */
    if (size <= 0)
        return size < 0 ? -errno : 1;
    memcpy(head, (uint8_t[]){OP_TREE_DATA, 0, STAGE_HOST, 0}, 4);
    store_u32(head + 4, (uint32_t)(12 + size));
    store_u64(head + 8, (uint64_t)*at);
    store_u32(head + 16, (uint32_t)size);
    pack->length += STEP_HEAD_BYTES + 12 + (size_t)size;
    *at += size;
    return 0;
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
        error = begin(pack, OP_TREE_FILE);
    if (error < 0)
        return error;
    put_str(pack, pack->path);
    put_common(pack, &status, true);
    put_u64(pack, (uint64_t)status.st_size);
    end(pack);
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
    int result = begin(pack, OP_TREE_SYMLINK);
    if (result < 0)
        return result;
    put_str(pack, pack->path);
    put_str(pack, value);
    put_common(pack, status, false);
    return end(pack);
}

static int pack_node(struct pack *pack, const struct stat *status)
{
    bool whiteout = S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0);
    int result = begin(pack, whiteout ? OP_TREE_WHITEOUT : OP_TREE_DEVICE);
    if (result < 0)
        return result;
    put_str(pack, pack->path);
    if (!whiteout) {
        pack->xattrs_length = 0;
        put_common(pack, status, true);
        put_u32(pack, major(status->st_rdev));
        put_u32(pack, minor(status->st_rdev));
    }
    return end(pack);
}

static int pack_entry(struct pack *pack, int parent, const char *name, int depth);

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of a directory, sorted, in `names`; their count or a negative errno. */
static ssize_t list_names(int directory, char ***names)
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
        result = begin(pack, OP_TREE_DIRECTORY);
    if (result < 0)
        return result;
    put_str(pack, pack->path);
    put_common(pack, &status, true);
    end(pack);
    if (pack->opaque) {
        result = begin(pack, OP_TREE_OPAQUE);
        if (result < 0)
            return result;
        put_str(pack, pack->path);
        end(pack);
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

static void raise_descriptors(void)
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
    SCOPED_FD parent = open_parent(launch_root(&launch), path, base, false);
    if (parent < 0)
        return tree_failed("root", path, parent);
    const char *name = base[0] == 0 ? "." : base;
    if (fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
        return tree_failed("root", path, -errno);
    strcpy(pack.path, name);
    status = pack_entry(&pack, parent, name, 0);
    if (status == 0)
        status = begin(&pack, OP_TREE_END);
    if (status == 0)
        status = end(&pack);
    if (status == 0)
        status = flush(&pack);
    return status < 0 ? tree_failed("pack", pack.path, status) : 0;
}
