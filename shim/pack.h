/* Trees on their way out: what the walk and the two forms share. */
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

/* What makes an archive of a tree. */
struct tar {
    /* The root's name, which every other begins with, unless it is "/"; empty: the root has no member. */
    const char *name;
    /* No time is later, ns since 1970. */
    int64_t latest;
    /* Its names are those of a layer, where some mean that something is removed. */
    bool is_layer;
    /* Paths of empty files, and with a slash of directories, that are no members; ended by NULL. What is in them is. */
    char **left_out;
    /* Of the current file. */
    uint64_t size, written;
};

struct pack {
    struct tar *tar; /* NULL: operations */
    uint8_t buffer[PACK_BUFFER_BYTES];
    size_t length;
    size_t step; /* where the current step's payload length stands */
    struct linked *linked;
    size_t linked_count, linked_room;
    int proc;
    char path[PATH_BYTES];
    uint8_t xattrs[2 * XATTR_BYTES];
    size_t xattrs_length;
    bool opaque;
};

/* tree-writer.c */
int pack_flush(struct pack *pack);
/* Flushes unless `length` more bytes fit. */
int pack_room(struct pack *pack, size_t length);
int read_xattrs(struct pack *pack, int fd);
const char *seen_before(struct pack *pack, const struct stat *status, int *error);
/* The entry at the current path; see put_entry. */
int tree_entry(struct pack *pack, uint16_t code, const struct stat *status, const char *text);
/* At most PACK_DATA_BYTES of the current file from `at` on, which moves; 1: the file ends here. */
int tree_piece(struct pack *pack, int fd, off_t *at, off_t until);
int tree_end(struct pack *pack);

/* tar-writer.c: the same as an archive */
int tar_entry(struct pack *pack, uint16_t code, const struct stat *status, const char *text);
int tar_piece(struct pack *pack, int fd, off_t *at, off_t until);
/* After the last piece of a file. */
int tar_file_end(struct pack *pack);
int tar_end(struct pack *pack);
