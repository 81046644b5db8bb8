/*
 * Layers that are file-system images. The launcher mounts each once, detached, so that all containers of an image read
 * through one superblock and share its page cache; whoever finds none mounts for itself. A detached mount is in no mount
 * namespace: it ends with the last descriptor and the last overlay above it, however their owners end.
 */
#include <linux/mount.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "shim.h"

/* Of the launcher: far below the usual limit of 1024 descriptors. */
#define HELD_MAX 256
/* One overlay's own come to that. */
#define OWN_MAX 512

struct held {
    char *path;
    int fd;
};
static struct held held[HELD_MAX + OWN_MAX];
static unsigned held_count;
static bool read_once;

static struct held *find(const char *path)
{
    for (unsigned i = 0; i < held_count; i++)
        if (strcmp(held[i].path, path) == 0)
            return &held[i];
    return NULL;
}

/* A descriptor of the mounted image at `path`, which stays held; -EMFILE when there are `most` already. */
static int hold(struct launch *launch, const char *path, unsigned most)
{
    struct held *found = find(path);
    if (found != NULL)
        return found->fd;
    if (held_count >= most)
        return fail(launch, EMFILE, "%s", path);
    /* Around the file's own page cache: else everything would be held twice, and read ahead twice. */
    int fd = read_once ? -EINVAL : new_mount(launch, "erofs", path, "ro,directio", MOUNT_ATTR_RDONLY);
    if (fd == -EINVAL)
        fd = new_mount(launch, "erofs", path, "ro", MOUNT_ATTR_RDONLY);
    char *copy = fd < 0 ? NULL : strdup(path);
    if (copy == NULL) {
        if (fd >= 0)
            close(fd);
        return fd < 0 ? fd : -ENOMEM;
    }
    held[held_count++] = (struct held){copy, fd};
    return fd;
}

/*
 * For a process that walks a tree and ends: a mount of its own has nothing cached, so it reads through the cache of the image's
 * file, which may hold all of it since the pull, and is read ahead from one file of the layer to the next.
 */
void layers_read_once(void)
{
    read_once = true;
}

/* Gives the mount of the layer at `path`, or NONE for a directory, which needs none. */
int layer_open(struct launch *launch, const char *path, int *mount)
{
    struct stat status;
    *mount = NONE;
    if (stat(path, &status) < 0)
        return fail(launch, errno, "%s", path);
    if (!S_ISREG(status.st_mode))
        return 0;
    int fd = hold(launch, path, HELD_MAX + OWN_MAX);
    if (fd < 0)
        return fd;
    *mount = fd;
    return 0;
}

static void drop(const char *path)
{
    struct held *found = find(path);
    if (found == NULL)
        return;
    close(found->fd);
    free(found->path);
    *found = held[--held_count];
}

/* An overlay has its own references; a monitor must not keep a layer's file alive that somebody removes. */
void layers_forget(void)
{
    while (held_count > 0)
        drop(held[held_count - 1].path);
}

/* One instruction of the engine: "+path" holds a layer, "-path" lets go of it. A failure shows when the layer is used. */
void layers_instruct(const char *text)
{
    static struct launch nobody;
    if (*text == '+')
        hold(&nobody, text + 1, HELD_MAX);
    else if (*text == '-')
        drop(text + 1);
}
