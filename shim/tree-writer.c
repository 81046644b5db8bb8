/* The writing side of a tree stream: steps into a buffer, attributes, files of several names. */
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "pack.h"

int pack_flush(struct pack *pack)
{
    int status = write_all(1, pack->buffer, pack->length);
    pack->length = 0;
    return status;
}

int pack_room(struct pack *pack, size_t length)
{
    return pack->length + length > PACK_BUFFER_BYTES ? pack_flush(pack) : 0;
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

/* Every step but data fits into a quarter of the buffer: two paths and all attributes. */
static int step_begin(struct pack *pack, uint16_t code)
{
    int status = pack_room(pack, 2 * PATH_BYTES + sizeof pack->xattrs + 128);
    if (status < 0)
        return status;
    uint8_t head[4] = {(uint8_t)code, (uint8_t)(code >> 8), STAGE_HOST, 0};
    memcpy(pack->buffer + pack->length, head, sizeof head);
    pack->step = pack->length + 4;
    pack->length += STEP_HEAD_BYTES;
    return 0;
}

static void step_end(struct pack *pack)
{
    store_u32(pack->buffer + pack->step, (uint32_t)(pack->length - pack->step - 4));
}

int tree_entry(struct pack *pack, uint16_t code, const struct stat *status, const char *text)
{
    int result = step_begin(pack, code);
    if (result < 0)
        return result;
    put_str(pack, pack->path);
    if (text != NULL)
        put_str(pack, text);
    if (status != NULL)
        put_common(pack, status, code != OP_TREE_SYMLINK);
    if (code == OP_TREE_FILE)
        put_u64(pack, (uint64_t)status->st_size);
    if (code == OP_TREE_DEVICE) {
        put_u32(pack, major(status->st_rdev));
        put_u32(pack, minor(status->st_rdev));
    }
    step_end(pack);
    return 0;
}

int tree_end(struct pack *pack)
{
    int status = step_begin(pack, OP_TREE_END);
    if (status < 0)
        return status;
    step_end(pack);
    return pack_flush(pack);
}

/* Reads the attributes of an open file; overlayfs's own are no content. */
int read_xattrs(struct pack *pack, int fd)
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
        /* An upper directory that holds only a hint of what is in a lower one: as a layer it would lack the content. */
        if (strcmp(name, "trusted.overlay.redirect") == 0 || strcmp(name, "trusted.overlay.metacopy") == 0)
            return -EOPNOTSUPP;
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
const char *seen_before(struct pack *pack, const struct stat *status, int *error)
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

int tree_piece(struct pack *pack, int fd, off_t *at, off_t until)
{
    int status = pack_room(pack, PACK_DATA_BYTES + 64);
    if (status < 0)
        return status;
    size_t wanted = until - *at < (off_t)PACK_DATA_BYTES ? (size_t)(until - *at) : PACK_DATA_BYTES;
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
