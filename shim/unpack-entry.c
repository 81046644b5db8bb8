/* The entries of a tree, one function per kind. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "unpack.h"

/* Memory for directories whose times are set at the end; a tree with more keeps the times of unpacking for the rest. */
#define TIMES_BYTES_MAX (64u << 20)

static struct timespec time_of(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
}

int set_times(int fd, const char *name, uint64_t mtime)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, time_of(mtime)};
    int status = name == NULL ? futimens(fd, times) : utimensat(fd, name, times, AT_SYMLINK_NOFOLLOW);
    return status < 0 ? -errno : 0;
}

static int set_times_later(struct unpack *unpack, const char *path, uint64_t mtime)
{
    size_t bytes = strlen(path) + 1 + sizeof *unpack->later;
    if (unpack->later_bytes + bytes > TIMES_BYTES_MAX)
        return 0;
    if (unpack->later_count == unpack->later_room) {
        size_t room = unpack->later_room == 0 ? 256 : unpack->later_room * 2;
        struct later *grown = realloc(unpack->later, room * sizeof *grown);
        if (grown == NULL)
            return -ENOMEM;
        unpack->later = grown;
        unpack->later_room = room;
    }
    char *copy = strdup(path);
    if (copy == NULL)
        return -ENOMEM;
    unpack->later_bytes += bytes;
    unpack->later[unpack->later_count++] = (struct later){copy, mtime};
    return 0;
}

/* Owner, then mode (chown clears setuid), then attributes (chown clears file capabilities). */
static int set_attributes_of(int fd, const struct op *op, unsigned mode, unsigned uid, unsigned gid, unsigned xattrs)
{
    if (fchown(fd, op_u32(op, uid), op_u32(op, gid)) < 0 || fchmod(fd, op_u32(op, mode) & 07777) < 0)
        return -errno;
    return set_xattrs(fd, op->field[xattrs].at, op->field[xattrs].length);
}

static int finish_file(struct unpack *unpack)
{
    if (unpack->file < 0)
        return 0;
    int status = unpack->written < unpack->size && ftruncate(unpack->file, (off_t)unpack->size) < 0 ? -errno : 0;
    /* Writing took the setuid bits away. */
    if (status == 0 && (unpack->mode & 07000) != 0 && fchmod(unpack->file, unpack->mode & 07777) < 0)
        status = -errno;
    /* And would have taken file capabilities. */
    if (status == 0)
        status = set_xattrs(unpack->file, unpack->xattrs, unpack->xattrs_length);
    unpack->xattrs_length = 0;
    if (status == 0)
        status = set_times(unpack->file, NULL, unpack->mtime);
    if (close(unpack->file) < 0 && status == 0)
        status = -errno;
    unpack->file = NONE;
    return status;
}

static bool is_whiteout(const struct stat *status)
{
    return S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0);
}

static int make_opaque(int fd)
{
    return fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0 ? -errno : 0;
}

static int unpack_directory(struct unpack *unpack, const struct op *op)
{
    const char *base, *path = op_str(op, TREE_DIRECTORY__PATH);
    int parent = place_parent(&unpack->place, path, &base);
    bool opaque = false;
    struct stat status;
    if (parent < 0)
        return parent;
    if (*base != 0 && mkdirat(parent, base, 0700) < 0) {
        if (errno != EEXIST || fstatat(parent, base, &status, AT_SYMLINK_NOFOLLOW) < 0)
            return -errno;
        if (!S_ISDIR(status.st_mode)) {
            if (unpack->keeps_kinds)
                return -ENOTDIR;
            /* Removed and made anew in one layer: nothing of the lower one may show through. */
            opaque = is_whiteout(&status);
            if (unlinkat(parent, base, 0) < 0 || mkdirat(parent, base, 0700) < 0)
                return -errno;
        }
    }
    SCOPED_FD fd = openat(parent, *base == 0 ? "." : base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    /* The directory may be the one that the next entries go into: its bits are looked at again. */
    place_forget(&unpack->place);
    int result = set_attributes_of(fd, op, TREE_DIRECTORY__MODE, TREE_DIRECTORY__UID, TREE_DIRECTORY__GID,
                                   TREE_DIRECTORY__XATTRS);
    if (result == 0 && opaque)
        result = make_opaque(fd);
    return result < 0 ? result : set_times_later(unpack, path, op_u64(op, TREE_DIRECTORY__MTIME_NS));
}

/* Makes room for an entry that is no directory: the later of two in one layer counts. */
static int clear_place(struct unpack *unpack, const char *path, const char **base)
{
    int parent = place_parent(&unpack->place, path, base);
    if (parent < 0)
        return parent;
    if (**base == 0)
        return -EISDIR;
    struct stat status;
    if (fstatat(parent, *base, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? parent : -errno;
    if (unpack->keeps_kinds && S_ISDIR(status.st_mode))
        return -EISDIR;
    int result = remove_entry(parent, *base);
    if (result < 0)
        return result;
    /* The parent of a later path may have been what went. */
    if (S_ISDIR(status.st_mode) || S_ISLNK(status.st_mode)) {
        place_forget(&unpack->place);
        parent = place_parent(&unpack->place, path, base);
    }
    return parent;
}

/* Until the content is written. */
static int keep_xattrs(struct unpack *unpack, const struct value *xattrs)
{
    if (xattrs->length > unpack->xattrs_room) {
        uint8_t *grown = realloc(unpack->xattrs, xattrs->length);
        if (grown == NULL)
            return -ENOMEM;
        unpack->xattrs = grown;
        unpack->xattrs_room = xattrs->length;
    }
    if (xattrs->length > 0)
        memcpy(unpack->xattrs, xattrs->at, xattrs->length);
    unpack->xattrs_length = xattrs->length;
    return 0;
}

static int unpack_file(struct unpack *unpack, const struct op *op)
{
    const char *base, *path = op_str(op, TREE_FILE__PATH);
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    uint32_t mode = op_u32(op, TREE_FILE__MODE), uid = op_u32(op, TREE_FILE__UID), gid = op_u32(op, TREE_FILE__GID);
    int parent = place_parent(&unpack->place, path, &base);
    if (parent < 0)
        return parent;
    if (*base == 0)
        return -EISDIR;
    unpack->file = openat(parent, base, flags, mode & 0777);
    if (unpack->file < 0 && errno == EEXIST) {
        parent = clear_place(unpack, path, &base);
        if (parent < 0)
            return parent;
        unpack->file = openat(parent, base, flags, mode & 0777);
    }
    if (unpack->file < 0)
        return -errno;
    unpack->size = op_u64(op, TREE_FILE__SIZE);
    unpack->written = 0;
    unpack->mtime = op_u64(op, TREE_FILE__MTIME_NS);
    unpack->mode = mode;
    int status = keep_xattrs(unpack, &op->field[TREE_FILE__XATTRS]);
    /* Every change of an inode is a transaction of the journal: what is right already is left. */
    if (status < 0 || (uid == 0 && gid == 0 && unpack->place.plain))
        return status;
    return fchown(unpack->file, uid, gid) < 0 || fchmod(unpack->file, mode & 07777) < 0 ? -errno : 0;
}

static int unpack_data(struct unpack *unpack, const struct op *op)
{
    const struct value *bytes = &op->field[TREE_DATA__BYTES];
    uint64_t offset = op_u64(op, TREE_DATA__OFFSET);
    if (unpack->file < 0 || offset > unpack->size || bytes->length > unpack->size - offset)
        return -EBADMSG;
    for (size_t done = 0; done < bytes->length;) {
        ssize_t size = pwrite(unpack->file, bytes->at + done, bytes->length - done, (off_t)(offset + done));
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return size == 0 ? -EIO : -errno;
        done += (size_t)size;
    }
    if (offset + bytes->length > unpack->written)
        unpack->written = offset + bytes->length;
    return 0;
}

static int unpack_symlink(struct unpack *unpack, const struct op *op)
{
    const char *base;
    int parent = clear_place(unpack, op_str(op, TREE_SYMLINK__PATH), &base);
    if (parent < 0)
        return parent;
    uint32_t uid = op_u32(op, TREE_SYMLINK__UID), gid = op_u32(op, TREE_SYMLINK__GID);
    if (symlinkat(op_str(op, TREE_SYMLINK__VALUE), parent, base) < 0 ||
        fchownat(parent, base, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return set_times(parent, base, op_u64(op, TREE_SYMLINK__MTIME_NS));
}

static int unpack_hardlink(struct unpack *unpack, const struct op *op)
{
    char name[NAME_MAX + 1];
    const char *base, *value = op_str(op, TREE_HARDLINK__VALUE);
    struct stat from, to;
    SCOPED_FD source = open_parent(unpack->place.root, value, name, false);
    if (source < 0)
        return source;
    if (name[0] == 0 || fstatat(source, name, &from, AT_SYMLINK_NOFOLLOW) < 0)
        return name[0] == 0 ? -EISDIR : -errno;
    int parent = place_parent(&unpack->place, op_str(op, TREE_HARDLINK__PATH), &base);
    if (parent < 0)
        return parent;
    /* A link to itself would remove the only name of the file first. */
    if (fstatat(parent, base, &to, AT_SYMLINK_NOFOLLOW) == 0 && to.st_dev == from.st_dev && to.st_ino == from.st_ino)
        return 0;
    parent = clear_place(unpack, op_str(op, TREE_HARDLINK__PATH), &base);
    if (parent < 0)
        return parent;
    return linkat(source, name, parent, base, 0) < 0 ? -errno : 0;
}

static int unpack_device(struct unpack *unpack, const struct op *op)
{
    const char *base;
    uint32_t mode = op_u32(op, TREE_DEVICE__MODE), uid = op_u32(op, TREE_DEVICE__UID);
    dev_t number = makedev(op_u32(op, TREE_DEVICE__MAJOR), op_u32(op, TREE_DEVICE__MINOR));
    int parent = clear_place(unpack, op_str(op, TREE_DEVICE__PATH), &base);
    if (parent < 0)
        return parent;
    if (!S_ISCHR(mode) && !S_ISBLK(mode) && !S_ISFIFO(mode))
        return -EBADMSG;
    if (mknodat(parent, base, mode & (S_IFMT | 0777), S_ISFIFO(mode) ? 0 : number) < 0 ||
        fchownat(parent, base, uid, op_u32(op, TREE_DEVICE__GID), AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if ((mode & 07000) != 0 && fchmodat(parent, base, mode & 07777, 0) < 0)
        return -errno;
    return set_times(parent, base, op_u64(op, TREE_DEVICE__MTIME_NS));
}

static int unpack_whiteout(struct unpack *unpack, const struct op *op)
{
    const char *base;
    struct stat status;
    int parent = place_parent(&unpack->place, op_str(op, TREE_WHITEOUT__PATH), &base);
    if (parent < 0)
        return parent;
    if (*base == 0)
        return -EISDIR;
    if (mknodat(parent, base, S_IFCHR, makedev(0, 0)) == 0)
        return 0;
    if (errno != EEXIST || fstatat(parent, base, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    /* What this layer itself holds stays; it only stops showing the lower one. */
    if (!S_ISDIR(status.st_mode))
        return 0;
    SCOPED_FD fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : make_opaque(fd);
}

static int unpack_opaque(struct unpack *unpack, const struct op *op)
{
    SCOPED_FD made = make_directories(unpack->place.root, op_str(op, TREE_OPAQUE__PATH), 0755, 0, 0);
    SCOPED_FD fd = made < 0 ? made : openat(made, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return made < 0 ? made : fd < 0 ? -errno : make_opaque(fd);
}

typedef int unpacker(struct unpack *unpack, const struct op *op);
static unpacker *const UNPACKERS[OP_LAST + 1] = {
    [OP_TREE_DIRECTORY] = unpack_directory, [OP_TREE_FILE] = unpack_file,         [OP_TREE_SYMLINK] = unpack_symlink,
    [OP_TREE_HARDLINK] = unpack_hardlink,   [OP_TREE_DEVICE] = unpack_device,     [OP_TREE_WHITEOUT] = unpack_whiteout,
    [OP_TREE_OPAQUE] = unpack_opaque,
};

int unpack_step(struct unpack *unpack, uint16_t code, const uint8_t *payload, uint32_t length)
{
    struct op op;
    int status = op_decode(code, payload, length, &op);
    if (status < 0 || unpack->ended)
        return -EBADMSG;
    if (code == OP_TREE_DATA)
        return unpack_data(unpack, &op);
    status = finish_file(unpack);
    if (status < 0)
        return status;
    if (code == OP_TREE_END) {
        unpack->ended = true;
        return 0;
    }
    if (UNPACKERS[code] == NULL)
        return -EBADMSG;
    /* The path is the first operand of each. */
    snprintf(unpack->path, sizeof unpack->path, "%s", op_str(&op, 0));
    if (op.field[0].length >= PATH_BYTES)
        return -ENAMETOOLONG;
    return UNPACKERS[code](unpack, &op);
}
