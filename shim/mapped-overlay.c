/*
 * A root file system for a user namespace: an overlay of id-mapped layers (mount_setattr(2), MOUNT_ATTR_IDMAP). The ids on
 * the disk are those that the container sees, so that nobody else who reads the layers has to know of the mapping.
 */
#include <linux/capability.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/stat.h>

#include "shim.h"

/* A detached mount ends with its descriptor, so all stay open until overlayfs has references of its own. */
#define LAYERS_MAX 512
struct layers {
    int fd[LAYERS_MAX];
    unsigned count;
};

static int give(struct launch *launch, int fs, const char *key, int fd, const char *name)
{
    if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_FD, key, NULL, fd) == 0)
        return 0;
    return fail(launch, errno, "%s", name);
}

/* A copy of the mount of `path`, or of the mount `fd` itself, with its owners mapped. */
static int mapped_copy(struct launch *launch, struct layers *layers, int fd, const char *path, int namespace)
{
    if (layers->count == LAYERS_MAX)
        return fail(launch, E2BIG, "%s", path);
    unsigned flags = OPEN_TREE_CLONE | (fd == NONE ? 0 : AT_EMPTY_PATH);
    int tree = sys_open_tree(fd == NONE ? AT_FDCWD : fd, fd == NONE ? path : "", flags);
    int status = tree < 0 ? tree : map_owners(tree, namespace, false);
    if (tree >= 0)
        layers->fd[layers->count++] = tree;
    return status < 0 ? fail(launch, status, "%s", path) : tree;
}

static int add_lower(struct launch *launch, int fs, struct layers *layers, const char *path, int namespace)
{
    int mounted;
    int status = layer_open(launch, path, &mounted);
    if (status < 0)
        return status;
    int tree = mapped_copy(launch, layers, mounted, path, namespace);
    return tree < 0 ? tree : give(launch, fs, "lowerdir+", tree, path);
}

/* Both in one mount, as overlayfs wants them. */
static int add_upper(struct launch *launch, int fs, struct layers *layers, const struct op *op, int namespace)
{
    const char *directory = op_str(op, MAPPED_OVERLAY__DIRECTORY);
    const char *upper = op_str(op, MAPPED_OVERLAY__UPPER), *work = op_str(op, MAPPED_OVERLAY__WORK);
    int tree = mapped_copy(launch, layers, NONE, directory, namespace);
    if (tree < 0)
        return tree;
    SCOPED_FD top = openat(tree, upper, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    SCOPED_FD scratch = openat(tree, work, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (top < 0 || scratch < 0)
        return fail(launch, errno, "%s", directory);
    int status = give(launch, fs, "upperdir", top, upper);
    return status < 0 ? status : give(launch, fs, "workdir", scratch, work);
}

/* The kernel takes the rights over files away from whoever is not root there; this process has them by its capabilities. */
static int keep_rights(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2];
    if (syscall(SYS_capget, &header, sets) < 0)
        return -errno;
    for (unsigned i = 0; i < 2; i++)
        sets[i].effective = sets[i].permitted;
    return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

/*
 * overlayfs makes its own files, such as copies on their way up, as who mounts it; an owner that the mapping of the upper layer
 * lacks may make none there (EOVERFLOW).
 */
static int finish_as(struct launch *launch, int fs, uint32_t uid, uint32_t gid)
{
    setfsgid(gid);
    setfsuid(uid);
    int status = keep_rights();
    int mounted = status < 0 ? fail(launch, status, "capabilities") : fs_finish(launch, fs, 0);
    setfsuid(0);
    setfsgid(0);
    return mounted;
}

static int mount_mapped(struct launch *launch, struct layers *layers, const struct op *op, int namespace)
{
    SCOPED_FD fs = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
    if (fs < 0 || syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", "overlay", 0) < 0)
        return fail(launch, errno, "overlay");
    int status = 0;
    const char *path;
    for (struct strings lower = op_strs(op, MAPPED_OVERLAY__LOWER); status == 0 && (path = strings_next(&lower)) != NULL;)
        status = add_lower(launch, fs, layers, path, namespace);
    if (status == 0)
        status = add_upper(launch, fs, layers, op, namespace);
    if (status < 0)
        return status;
    return finish_as(launch, fs, op_u32(op, MAPPED_OVERLAY__UID), op_u32(op, MAPPED_OVERLAY__GID));
}

int op_mapped_overlay(struct launch *launch, const struct op *op)
{
    SCOPED_FD namespace = mapping_namespace(launch, op_str(op, MAPPED_OVERLAY__UIDS), op_str(op, MAPPED_OVERLAY__GIDS));
    if (namespace < 0)
        return namespace;
    struct layers layers = {.count = 0};
    int tree = mount_mapped(launch, &layers, op, namespace);
    while (layers.count > 0)
        close(layers.fd[--layers.count]);
    layers_forget();
    int status = tree < 0 ? tree : keep_tree(launch, tree);
    if (status < 0 && tree >= 0)
        close(tree);
    return status;
}
