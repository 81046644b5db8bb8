/* The reading side of a tree stream. */
#pragma once
#include "tree.h"

struct later {
    char *path;
    uint64_t mtime;
};

struct unpack {
    /* A directory is never replaced by anything else, nor anything else by a directory. */
    bool keeps_kinds;
    struct place place;
    int file; /* the one that data operations write */
    uint64_t size, written, mtime;
    uint32_t mode;
    uint8_t *xattrs; /* of that file */
    uint32_t xattrs_length, xattrs_room;
    struct later *later;
    size_t later_count, later_room, later_bytes;
    char path[PATH_BYTES]; /* of the current entry, for the failure */
    bool ended;
};

/* unpack-entry.c */
/* Executes one step of the stream. */
int unpack_step(struct unpack *unpack, uint16_t code, const uint8_t *payload, uint32_t length);
int set_times(int fd, const char *name, uint64_t mtime);
