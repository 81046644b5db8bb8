/* A tree as a tar archive: ustar, with a pax header for what that cannot hold; overlayfs whiteouts become those of a layer. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "pack.h"

#define BLOCK 512u
/* The most that one member can take: four texts of a path's length, all attributes, each with the name of its record. */
#define RECORDS_BYTES (4 * PATH_BYTES + 8 * XATTR_BYTES)

/* POSIX pax, "ustar Interchange Format": fields of a header block. */
struct field {
    size_t offset, size;
};
static const struct field NAME = {0, 100}, MODE = {100, 8}, UID = {108, 8}, GID = {116, 8}, SIZE = {124, 12},
                          MTIME = {136, 12}, CHECKSUM = {148, 8}, LINK = {157, 100}, MAJOR = {329, 8}, MINOR = {337, 8},
                          PREFIX = {345, 155};
#define TYPE_OFFSET 156
#define MAGIC_OFFSET 257

struct member {
    const char *path, *link;
    char type;
    uint32_t mode, uid, gid, major, minor;
    uint64_t size;
    int64_t mtime;
};

static uint8_t records[RECORDS_BYTES];
static size_t records_length;

/* "<length> <key>=<value>\n", the length counting itself. */
static int add_record(const char *key, const void *value, size_t length)
{
    size_t body = strlen(key) + length + 3, digits = 1;
    for (size_t bound = 10; body + digits >= bound; bound *= 10)
        digits++;
    if (body + digits > sizeof records - records_length)
        return -E2BIG;
    uint8_t *at = records + records_length;
    int head = snprintf((char *)at, sizeof records - records_length, "%zu %s=", body + digits, key);
    memcpy(at + head, value, length);
    at[(size_t)head + length] = '\n';
    records_length += body + digits;
    return 0;
}

/* Octal with a terminator; zeros and a record when it does not fit. */
static int put_number(uint8_t *block, struct field field, uint64_t value, const char *key)
{
    bool fits = value >> (3 * (field.size - 1)) == 0;
    snprintf((char *)block + field.offset, field.size, "%0*llo", (int)field.size - 1, fits ? (unsigned long long)value : 0);
    if (fits || key == NULL)
        return 0;
    char text[24];
    return add_record(key, text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)value));
}

static bool is_ascii(const char *text)
{
    for (; *text != 0; text++)
        if ((uint8_t)*text >= 0x80)
            return false;
    return true;
}

/* The slash between prefix and name, so that both fit; NULL: there is no such slash. */
static const char *split_point(const char *path, size_t length)
{
    size_t last = length - 2 < PREFIX.size ? length - 2 : PREFIX.size;
    for (size_t at = last; at > 0; at--)
        if (path[at] == '/')
            return length - at - 1 <= NAME.size ? path + at : NULL;
    return NULL;
}

/* In the name field, over prefix and name, or as a record. */
static int put_path(uint8_t *block, const char *path)
{
    size_t length = strlen(path);
    const char *split = length <= NAME.size ? NULL : split_point(path, length);
    if ((length <= NAME.size || split != NULL) && is_ascii(path)) {
        if (split != NULL)
            memcpy(block + PREFIX.offset, path, (size_t)(split - path));
        const char *name = split == NULL ? path : split + 1;
        memcpy(block + NAME.offset, name, length - (size_t)(name - path));
        return 0;
    }
    memcpy(block + NAME.offset, path, length < NAME.size ? length : NAME.size);
    return add_record("path", path, length);
}

static int put_link(uint8_t *block, const char *link)
{
    size_t length = strlen(link);
    memcpy(block + LINK.offset, link, length < LINK.size ? length : LINK.size);
    return length <= LINK.size && is_ascii(link) ? 0 : add_record("linkpath", link, length);
}

static int put_time(uint8_t *block, int64_t ns)
{
    uint64_t seconds = (uint64_t)ns / 1000000000, fraction = (uint64_t)ns % 1000000000;
    if (fraction == 0)
        return put_number(block, MTIME, seconds, "mtime");
    char text[40];
    int length = snprintf(text, sizeof text, "%llu.%09llu", (unsigned long long)seconds, (unsigned long long)fraction);
    put_number(block, MTIME, seconds, NULL);
    return add_record("mtime", text, (size_t)length);
}

static int fill_block(uint8_t *block, const struct member *member)
{
    unsigned sum = 0;
    memset(block, 0, BLOCK);
    int status = put_path(block, member->path);
    if (status == 0)
        status = put_link(block, member->link);
    put_number(block, MODE, member->mode, NULL);
    if (status == 0)
        status = put_number(block, UID, member->uid, "uid");
    if (status == 0)
        status = put_number(block, GID, member->gid, "gid");
    if (status == 0)
        status = put_number(block, SIZE, member->size, "size");
    if (status == 0)
        status = put_time(block, member->mtime);
    block[TYPE_OFFSET] = (uint8_t)member->type;
    memcpy(block + MAGIC_OFFSET, "ustar\00000", 8);
    put_number(block, MAJOR, member->major, NULL);
    put_number(block, MINOR, member->minor, NULL);
    memset(block + CHECKSUM.offset, ' ', CHECKSUM.size);
    for (size_t i = 0; i < BLOCK; i++)
        sum += block[i];
    snprintf((char *)block + CHECKSUM.offset, 7, "%06o", sum);
    return status;
}

static int add_xattr_records(const struct pack *pack)
{
    const uint8_t *at = pack->xattrs, *end = at + pack->xattrs_length;
    while (at < end) {
        char key[sizeof "SCHILY.xattr." + 256];
        uint32_t name_length = load_u32(at), size = load_u32(at + 4 + name_length);
        snprintf(key, sizeof key, "SCHILY.xattr.%.*s", (int)name_length, (const char *)at + 4);
        int status = add_record(key, at + 8 + name_length, size);
        if (status < 0)
            return status;
        at += 8 + name_length + size;
    }
    return 0;
}

static int put_zeros(struct pack *pack, uint64_t count)
{
    while (count > 0) {
        size_t some = count < PACK_DATA_BYTES ? (size_t)count : PACK_DATA_BYTES;
        int status = pack_room(pack, some);
        if (status < 0)
            return status;
        memset(pack->buffer + pack->length, 0, some);
        pack->length += some;
        count -= some;
    }
    return 0;
}

static int put_padding(struct pack *pack, uint64_t size)
{
    return put_zeros(pack, -size % BLOCK);
}

static int put_bytes(struct pack *pack, const uint8_t *bytes, size_t length)
{
    for (size_t some; length > 0; bytes += some, length -= some) {
        some = length < PACK_DATA_BYTES ? length : PACK_DATA_BYTES;
        int status = pack_room(pack, some);
        if (status < 0)
            return status;
        memcpy(pack->buffer + pack->length, bytes, some);
        pack->length += some;
    }
    return 0;
}

static int put_member(struct pack *pack, const struct member *member)
{
    uint8_t block[BLOCK], head[BLOCK];
    records_length = 0;
    int status = fill_block(block, member);
    if (status == 0)
        status = add_xattr_records(pack);
    size_t length = records_length;
    if (status == 0 && length > 0) {
        int64_t whole = member->mtime - member->mtime % 1000000000;
        fill_block(head, &(struct member){"PaxHeaders/extended", "", 'x', 0644, 0, 0, 0, 0, length, whole});
        status = put_bytes(pack, head, BLOCK);
        if (status == 0)
            status = put_bytes(pack, records, length);
        if (status == 0)
            status = put_padding(pack, length);
    }
    return status < 0 ? status : put_bytes(pack, block, BLOCK);
}

static bool is_left_out(const struct pack *pack, uint16_t code, const struct stat *status)
{
    if (code != OP_TREE_DIRECTORY && (code != OP_TREE_FILE || status->st_size > 0))
        return false;
    size_t length = strlen(pack->path);
    const char *rest = code == OP_TREE_DIRECTORY ? "/" : "";
    for (char **path = pack->tar->left_out; *path != NULL; path++)
        if (strncmp(*path, pack->path, length) == 0 && strcmp(*path + length, rest) == 0)
            return true;
    return false;
}

/* The member's name: that of the tree's root first, then the path below it, `.wh.` where a layer has it. */
static int name_member(const struct pack *pack, uint16_t code, const char *path, char *name, size_t room)
{
    const char *slash = strrchr(path, '/'), *root = strcmp(pack->tar->name, "/") == 0 ? "" : pack->tar->name;
    const char *last = slash == NULL ? path : slash + 1;
    bool top = strcmp(path, ".") == 0;
    int length;
    if (code == OP_TREE_OPAQUE)
        length = snprintf(name, room, "%s%s%s%s.wh..wh..opq", root, *root ? "/" : "", top ? "" : path, top ? "" : "/");
    else if (top)
        length = snprintf(name, room, "%s", pack->tar->name);
    else
        length = snprintf(name, room, "%s%s%.*s%s%s", root, *root ? "/" : "", (int)(last - path), path,
                          code == OP_TREE_WHITEOUT ? ".wh." : "", last);
    if ((size_t)length + 2 > room)
        return -ENAMETOOLONG;
    if (code == OP_TREE_DIRECTORY && name[length - 1] != '/')
        strcpy(name + length, "/");
    return 0;
}

/* A real file of such a name would remove another one from whatever image its layer gets into. */
static bool has_whiteout_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strncmp(slash == NULL ? path : slash + 1, ".wh.", 4) == 0;
}

static char type_of(uint16_t code, const struct stat *status)
{
    switch (code) {
    case OP_TREE_DIRECTORY:
        return '5';
    case OP_TREE_SYMLINK:
        return '2';
    case OP_TREE_HARDLINK:
        return '1';
    case OP_TREE_DEVICE:
        return S_ISCHR(status->st_mode) ? '3' : S_ISBLK(status->st_mode) ? '4' : '6';
    default:
        return '0';
    }
}

int tar_entry(struct pack *pack, uint16_t code, const struct stat *status, const char *text)
{
    char name[2 * PATH_BYTES], link[2 * PATH_BYTES];
    struct tar *tar = pack->tar;
    tar->size = tar->written = 0;
    bool nameless = strcmp(pack->path, ".") == 0 && *tar->name == 0 && code == OP_TREE_DIRECTORY;
    if (nameless || is_left_out(pack, code, status))
        return 0;
    if (tar->is_layer && code != OP_TREE_WHITEOUT && code != OP_TREE_OPAQUE && has_whiteout_name(pack->path))
        return -EILSEQ;
    struct member member = {.path = name, .link = text == NULL ? "" : text, .type = type_of(code, status), .mode = 0644};
    int result = name_member(pack, code, pack->path, name, sizeof name);
    if (result == 0 && code == OP_TREE_HARDLINK) {
        result = name_member(pack, code, text, link, sizeof link);
        member.link = link;
    }
    if (result < 0)
        return result;
    if (status == NULL) {
        pack->xattrs_length = 0;
        return put_member(pack, &member);
    }
    int64_t ns = (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
    member.mode = code == OP_TREE_SYMLINK ? 0777 : status->st_mode & 07777;
    member.uid = status->st_uid;
    member.gid = status->st_gid;
    member.mtime = ns < 0 ? 0 : ns > tar->latest ? tar->latest : ns;
    if (code == OP_TREE_FILE)
        tar->size = member.size = (uint64_t)status->st_size;
    if (code == OP_TREE_DEVICE) {
        member.major = major(status->st_rdev);
        member.minor = minor(status->st_rdev);
    }
    return put_member(pack, &member);
}

/* A file that shrinks while it is read keeps the size that its header promised; one that grows is read no further. */
int tar_piece(struct pack *pack, int fd, off_t *at, off_t until)
{
    struct tar *tar = pack->tar;
    size_t wanted = until - *at < (off_t)PACK_DATA_BYTES ? (size_t)(until - *at) : PACK_DATA_BYTES;
    int status = put_zeros(pack, (uint64_t)*at - tar->written);
    if (status == 0)
        status = pack_room(pack, wanted);
    if (status < 0)
        return status;
    tar->written = (uint64_t)*at;
    ssize_t size = pread(fd, pack->buffer + pack->length, wanted, *at);
    if (size <= 0)
        return size < 0 ? -errno : 1;
    pack->length += (size_t)size;
    *at += size;
    tar->written = (uint64_t)*at;
    return 0;
}

int tar_file_end(struct pack *pack)
{
    int status = put_zeros(pack, pack->tar->size - pack->tar->written);
    return status < 0 ? status : put_padding(pack, pack->tar->size);
}

int tar_end(struct pack *pack)
{
    int status = put_zeros(pack, 2 * BLOCK);
    return status < 0 ? status : pack_flush(pack);
}
