/* The writing side of a tree stream. */
#pragma once
#include <sys/stat.h>

#include "tree.h"

#define PACK_BUFFER_BYTES (512u * 1024)
#define PACK_DATA_BYTES (256u * 1024)
#define XATTR_BYTES 65536

/* A file with several names: the first becomes the file, the others links to it. */
struct linked {
    dev_t device;
    ino_t inode;
    char *path;
};

struct pack {
    uint8_t buffer[PACK_BUFFER_BYTES];
    size_t length;
    size_t step; /* where the current step's payload length stands */
    struct linked *linked;
    size_t linked_count, linked_room;
    char path[PATH_BYTES];
    uint8_t xattrs[2 * XATTR_BYTES];
    size_t xattrs_length;
    bool opaque;
};

/* tree-writer.c */
int pack_flush(struct pack *pack);
/* A step of any kind but data: its operands are put between begin and end. */
int step_begin(struct pack *pack, uint16_t code);
int step_end(struct pack *pack);
void put_u32(struct pack *pack, uint32_t value);
void put_u64(struct pack *pack, uint64_t value);
void put_str(struct pack *pack, const char *text);
void put_common(struct pack *pack, const struct stat *status, bool mode);
int read_xattrs(struct pack *pack, int fd);
const char *seen_before(struct pack *pack, const struct stat *status, int *error);
/* One data step of at most PACK_DATA_BYTES from `at` on, which moves; 1: the file ends here. */
int pack_piece(struct pack *pack, int fd, off_t *at, off_t until);
