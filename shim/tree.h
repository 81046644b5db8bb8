/* Trees as streams of operations: what unpack and pack share. */
#pragma once
#include "shim.h"

/* Executes the steps of a plan that lead to a tree, in a mount namespace of this process alone. */
int tree_prepare(struct launch *launch, const uint8_t *plan, size_t length);
/* The same with the plan ahead of the stream on standard input: u32 length, plan. */
int tree_prepare_from_input(struct launch *launch);
/* "errno op path", on standard error: the caller words it. */
int tree_failed(const char *operation, const char *path, int error);

/* pack.c */
/* The names of a directory, sorted, each and the list to be freed; their count or a negative errno. */
ssize_t list_names(int directory, char ***names);
/* stat.c: whether a path ends so that a link there is followed. */
bool names_directory(const char *path);
/* A deep tree holds a descriptor per level. */
void raise_descriptors(void);

/* place.c: where an entry goes */
struct place {
    int root;
    /* The directory of the last entry stays open: archives are mostly sorted. */
    int parent;
    /* What is made there belongs to 0:0 and has the mode that it is made with: no setgid bit, no default ACL. */
    bool plain;
    char parent_path[PATH_BYTES];
};
void place_init(struct place *place, int root);
/* The directory that holds `path`, made when missing, not to be closed; `base` gets the name, "" for the root. */
int place_parent(struct place *place, const char *path, const char **base);
void place_forget(struct place *place);
/* Removes what is at a name, a directory with all it holds. */
int remove_entry(int parent, const char *name);
/* Applies `tree-*` xattrs through a descriptor. */
int set_xattrs(int fd, const uint8_t *at, size_t length);
