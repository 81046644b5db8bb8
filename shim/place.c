/* Where the entry of a tree goes: below the root, whatever its path says. */
#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "tree.h"

#define DEPTH_MAX 2048
#define XATTR_NAME_BYTES 256

void place_init(struct place *place, int root)
{
    *place = (struct place){.root = root, .parent = NONE};
}

void place_forget(struct place *place)
{
    if (place->parent >= 0)
        close(place->parent);
    place->parent = NONE;
    place->parent_path[0] = 0;
}

/* Asked once per directory; who changes one forgets it. */
static void look_at_parent(struct place *place)
{
    struct stat status;
    place->plain = fstat(place->parent, &status) == 0 && (status.st_mode & S_ISGID) == 0 &&
                   fgetxattr(place->parent, "system.posix_acl_default", NULL, 0) < 0;
}

int place_parent(struct place *place, const char *path, const char **base)
{
    static char name[NAME_MAX + 1];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    const char *last = slash == NULL ? path : slash + 1;
    *base = name;
    /* Only an ordinary name in the directory of before: anything else takes the slow way. */
    bool plain = *last != 0 && strcmp(last, ".") != 0 && strcmp(last, "..") != 0 && strlen(last) <= NAME_MAX;
    if (plain && place->parent >= 0 && length < PATH_BYTES && place->parent_path[length] == 0 &&
        memcmp(place->parent_path, path, length) == 0) {
        strcpy(name, last);
        return place->parent;
    }
    place_forget(place);
    if (strcmp(path, ".") == 0 || strcmp(path, "./") == 0) {
        name[0] = 0;
        place->parent = open_in(place->root, "/", O_RDONLY | O_DIRECTORY, 0);
        place->plain = false;
        /* Not remembered as a parent: its name is another. */
        strcpy(place->parent_path, "//");
        return place->parent;
    }
    SCOPED_FD found = open_parent(place->root, path, name, true);
    if (found < 0)
        return found;
    place->parent = openat(found, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->parent < 0)
        return -errno;
    look_at_parent(place);
    if (plain && length < PATH_BYTES) {
        memcpy(place->parent_path, path, length);
        place->parent_path[length] = 0;
    } else {
        /* No path has this name, so nothing will match it. */
        strcpy(place->parent_path, "//");
    }
    return place->parent;
}

static int remove_below(int directory, int depth)
{
    if (depth > DEPTH_MAX)
        return -ELOOP;
    int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy < 0 ? NULL : fdopendir(copy);
    if (listing == NULL)
        return -errno;
    int status = 0;
    struct dirent *entry;
    while (status == 0 && (entry = readdir(listing)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(directory, entry->d_name, 0) == 0)
            continue;
        if (errno != EISDIR && errno != EPERM) {
            status = -errno;
            break;
        }
        SCOPED_FD child = openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        status = child < 0 ? -errno : remove_below(child, depth + 1);
        if (status == 0 && unlinkat(directory, entry->d_name, AT_REMOVEDIR) < 0)
            status = -errno;
    }
    closedir(listing);
    return status;
}

int remove_entry(int parent, const char *name)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -errno;
    SCOPED_FD directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int status = directory < 0 ? -errno : remove_below(directory, 0);
    if (status == 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0)
        status = -errno;
    return status;
}

int set_xattrs(int fd, const uint8_t *at, size_t length)
{
    while (length > 0) {
        char name[XATTR_NAME_BYTES];
        if (length < 4)
            return -EBADMSG;
        uint32_t size = load_u32(at);
        if (size >= sizeof name || size > length - 4 || length - 4 - size < 4)
            return -EBADMSG;
        memcpy(name, at + 4, size);
        name[size] = 0;
        at += 4 + size;
        length -= 4 + size;
        uint32_t value = load_u32(at);
        if (value > length - 4)
            return -EBADMSG;
        /* A file system without extended attributes still takes the files. */
        if (fsetxattr(fd, name, at + 4, value, 0) < 0 && errno != ENOTSUP)
            return -errno;
        at += 4 + value;
        length -= 4 + value;
    }
    return 0;
}
