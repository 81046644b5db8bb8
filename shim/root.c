/* The root of a container: the overlay, the descriptor that paths are resolved in, and the step into it. */
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/mount.h>

#include "shim.h"

/* The option string of mount(2) is one page. */
#define OPTIONS_BYTES 4096

/* Appends text with the characters escaped that overlayfs splits at; false: no room. */
static bool append_escaped(char *options, const char *text)
{
    size_t length = strlen(options);
    for (; *text != 0; text++) {
        if (length + 3 > OPTIONS_BYTES)
            return false;
        if (*text == ':' || *text == ',' || *text == '\\')
            options[length++] = '\\';
        options[length++] = *text;
    }
    options[length] = 0;
    return true;
}

static bool append(char *options, const char *text)
{
    if (strlen(options) + strlen(text) + 1 > OPTIONS_BYTES)
        return false;
    strcat(options, text);
    return true;
}

/* mount(2), for kernels before 6.5, whose contexts know no `lowerdir+`. */
static int overlay_classic(struct launch *launch, const struct op *op)
{
    char options[OPTIONS_BYTES] = "lowerdir=";
    const char *text, *target = op_str(op, OVERLAY__TARGET);
    bool fits = true, first = true;
    for (struct strings lower = op_strs(op, OVERLAY__LOWER); fits && (text = strings_next(&lower)) != NULL; first = false)
        fits = (first || append(options, ":")) && append_escaped(options, text);
    if (*op_str(op, OVERLAY__UPPER) != 0)
        fits = fits && append(options, ",upperdir=") && append_escaped(options, op_str(op, OVERLAY__UPPER)) &&
               append(options, ",workdir=") && append_escaped(options, op_str(op, OVERLAY__WORK));
    for (struct strings more = op_strs(op, OVERLAY__OPTIONS); fits && (text = strings_next(&more)) != NULL;)
        fits = append(options, ",") && append(options, text);
    if (!fits)
        return fail(launch, E2BIG, "%s", target);
    /* The first four MOUNT_ATTR_* bits are the MS_* bits of the same names. */
    unsigned long flags = op_u64(op, OVERLAY__ATTRIBUTES) & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
    return mount("overlay", target, "overlay", flags, options) < 0 ? fail(launch, errno, "%s", target) : 0;
}

static int configure(struct launch *launch, int fs, const char *key, const char *value)
{
    if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0) == 0)
        return 0;
    return fail(launch, errno, "%s", value);
}

/* A layer that is an image goes in as its detached mount (Linux 6.15), which no path leads to. */
static int add_lower(struct launch *launch, int fs, const char *path)
{
    int mounted;
    int status = layer_open(launch, path, &mounted);
    if (status < 0)
        return status;
    if (mounted == NONE)
        return configure(launch, fs, "lowerdir+", path);
    return syscall(SYS_fsconfig, fs, FSCONFIG_SET_FD, "lowerdir+", NULL, mounted) < 0 ? fail(launch, errno, "%s", path) : 0;
}

int op_overlay(struct launch *launch, const struct op *op)
{
    const char *text, *target = op_str(op, OVERLAY__TARGET), *upper = op_str(op, OVERLAY__UPPER);
    SCOPED_FD fs = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
    if (fs < 0)
        return fail(launch, errno, "overlay");
    int status = configure(launch, fs, "source", "overlay");
    bool first = true;
    for (struct strings lower = op_strs(op, OVERLAY__LOWER); status == 0 && (text = strings_next(&lower)) != NULL;) {
        status = add_lower(launch, fs, text);
        if (status == -EINVAL && first)
            return overlay_classic(launch, op);
        first = false;
    }
    if (status == 0 && *upper != 0) {
        status = configure(launch, fs, "upperdir", upper);
        if (status == 0)
            status = configure(launch, fs, "workdir", op_str(op, OVERLAY__WORK));
    }
    for (struct strings more = op_strs(op, OVERLAY__OPTIONS); status == 0 && (text = strings_next(&more)) != NULL;) {
        status = fs_option(fs, text);
        if (status < 0)
            fail(launch, status, "%s", text);
    }
    SCOPED_FD mounted = status < 0 ? status : fs_finish(launch, fs, op_u64(op, OVERLAY__ATTRIBUTES));
    layers_forget();
    /* Such a kernel takes any option text and refuses it only here. */
    if (mounted == -EINVAL && status == 0)
        return overlay_classic(launch, op);
    if (mounted < 0)
        return mounted;
    SCOPED_FD place = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
    status = place < 0 ? -errno : sys_move_mount(mounted, place);
    return status < 0 ? fail(launch, status, "%s", target) : 0;
}

static void set_root(struct launch *launch, int fd)
{
    forget_root(launch);
    if (launch->rooted)
        close(launch->root);
    launch->root = fd;
    launch->rooted = true;
}

int op_root(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, ROOT__PATH);
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(launch, errno, "%s", path);
    if (op_u32(op, ROOT__BIND) != 0) {
        int tree = sys_open_tree(fd, "", OPEN_TREE_CLONE | AT_RECURSIVE | AT_EMPTY_PATH);
        int status = tree < 0 ? tree : sys_move_mount(tree, fd);
        close(fd);
        if (status < 0) {
            if (tree >= 0)
                close(tree);
            return fail(launch, status, "%s", path);
        }
        fd = tree;
    }
    set_root(launch, fd);
    return 0;
}

/* Onto / itself, which every process reaches: the way to any other place may be closed to the root of a user namespace. */
int op_root_tree(struct launch *launch, const struct op *op)
{
    int tree = take_tree(launch, op_u32(op, ROOT_TREE__TREE));
    SCOPED_FD place = tree < 0 ? tree : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int status = tree < 0 ? tree : place < 0 ? -errno : sys_move_mount(tree, place);
    if (status == 0) {
        set_root(launch, tree);
        return 0;
    }
    if (tree >= 0)
        close(tree);
    return fail(launch, status, "root");
}

/* A procfs of our own must stand before pivot in a user namespace: later the masks of /proc forbid a new one. */
static int prepare_proc(struct launch *launch)
{
    struct cursor cursor;
    uint16_t code;
    uint8_t stage;
    cursor_start(&cursor, &launch->plan);
    for (; cursor_peek(&cursor, &code, &stage); cursor_skip(&cursor))
        if (stage == STAGE_INSIDE && (code == OP_LABEL || code == OP_SYSCTL))
            return private_proc(launch);
    return 0;
}

int op_pivot(struct launch *launch, UNUSED const struct op *op)
{
    if (!launch->rooted)
        return fail(launch, EINVAL, "no root");
    int status = prepare_proc(launch);
    if (status < 0)
        return status;
    SCOPED_FD old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (old < 0 || fchdir(launch->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
        return fail(launch, errno, "pivot_root");
    /* The old root lies over the new one now. Slave first, so that unmounting it reaches no other namespace. */
    if (fchdir(old) < 0 || mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0 || umount2(".", MNT_DETACH) < 0)
        return fail(launch, errno, "old root");
    if (chdir("/") < 0)
        return fail(launch, errno, "/");
    launch->pivoted = true;
    return 0;
}

int op_move_root(struct launch *launch, UNUSED const struct op *op)
{
    if (!launch->rooted)
        return fail(launch, EINVAL, "no root");
    int status = prepare_proc(launch);
    if (status < 0)
        return status;
    if (fchdir(launch->root) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0)
        return fail(launch, errno, "move");
    if (chroot(".") < 0 || chdir("/") < 0)
        return fail(launch, errno, "chroot");
    launch->pivoted = true;
    return 0;
}

int op_change_root(struct launch *launch, UNUSED const struct op *op)
{
    if (!launch->rooted)
        return fail(launch, EINVAL, "no root");
    int status = prepare_proc(launch);
    if (status < 0)
        return status;
    if (fchdir(launch->root) < 0 || chroot(".") < 0 || chdir("/") < 0)
        return fail(launch, errno, "chroot");
    launch->pivoted = true;
    return 0;
}
