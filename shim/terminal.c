/* A pty of the container's own devpts. */
#include <linux/magic.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <termios.h>

#include "shim.h"

/* <asm-generic/ioctls.h>; the kernel opens the slave of exactly this master, no name is looked up (CVE-2025-52565). */
#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

void set_window(int fd, uint32_t rows, uint32_t columns)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    ioctl(fd, TIOCSWINSZ, &size);
}

static int open_master(struct launch *launch)
{
    struct statfs status;
    int fd = open_in(launch_root(launch), "/dev/pts/ptmx", O_RDWR | O_NOCTTY, 0);
    if (fd < 0)
        return fail(launch, fd, "/dev/pts/ptmx");
    int unlocked = 0;
    if (fstatfs(fd, &status) == 0 && status.f_type != DEVPTS_SUPER_MAGIC)
        errno = ENOTTY;
    else if (ioctl(fd, TIOCSPTLCK, &unlocked) == 0)
        return fd;
    int error = errno;
    close(fd);
    return fail(launch, error, "/dev/pts/ptmx");
}

static int bind_console(struct launch *launch, int slave)
{
    SCOPED_FD tree = sys_open_tree(slave, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
    if (tree < 0)
        return fail(launch, tree, "pty");
    SCOPED_FD target = open_target(launch_root(launch), "/dev/console", CREATE_FILE);
    int status = target < 0 ? target : sys_move_mount(tree, target);
    return status < 0 ? fail(launch, status, "/dev/console") : 0;
}

/* In front of a caller the size is its terminal's, and known before the program can ask for it. */
static bool copy_window(const struct launch *launch, int master)
{
    struct winsize size;
    return launch->supervise.mode == 1 && launch->console_socket < 0 && ioctl(0, TIOCGWINSZ, &size) == 0 &&
           ioctl(master, TIOCSWINSZ, &size) == 0;
}

int op_terminal(struct launch *launch, const struct op *op)
{
    uint32_t rows = op_u32(op, TERMINAL__ROWS), columns = op_u32(op, TERMINAL__COLUMNS);
    SCOPED_FD master = open_master(launch);
    if (master < 0)
        return master;
    SCOPED_FD slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return fail(launch, errno, "pty");
    if (!copy_window(launch, master) && (rows != 0 || columns != 0))
        set_window(master, rows, columns);
    /* Only the launch that makes the root owns its /dev/console; a later process has just its pty. */
    int status = launch->rooted ? bind_console(launch, slave) : 0;
    if (status < 0)
        return status;
    int fds[2] = {master, slave};
    if (launch->console_socket >= 0)
        status = send_fds(launch->console_socket, "/dev/pts/ptmx", 13, fds, 1);
    else
        status = sync_send(launch, TOKEN_MASTER, fds, 2);
    if (status < 0)
        return fail(launch, status, "pty");
    setsid();
    if (ioctl(slave, TIOCSCTTY, 0) < 0)
        return fail(launch, errno, "controlling terminal");
    for (int i = 0; i < 3; i++) {
        if (dup2(slave, i) < 0)
            return fail(launch, errno, "pty");
        launch->stdio[i] = i;
    }
    return 0;
}
