/* The standard streams of the container's process, and the host sockets that it will need inside. */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "shim.h"

int op_stream_owner(struct launch *launch, const struct op *op)
{
    launch->stream_uid = op_u32(op, STREAM_OWNER__UID);
    launch->stream_gid = op_u32(op, STREAM_OWNER__GID);
    return 0;
}

static int pipe_for(const struct launch *launch, int *read_end, int *write_end, bool inward)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    *read_end = ends[0];
    *write_end = ends[1];
    if (!inward) {
        /* Fewer, larger reads of what a busy container prints; refused above pipe-max-size, and then 64 KiB do. */
        fcntl(ends[0], F_SETPIPE_SZ, 1 << 20);
    }
    if (launch->stream_uid != 0 && fchown(ends[0], launch->stream_uid, launch->stream_gid) < 0)
        return -errno;
    int own = inward ? ends[1] : ends[0];
    return fcntl(own, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

/* The child's standard descriptors, for a monitor pipes, else what the caller has. */
int prepare_stdio(struct launch *launch)
{
    const struct supervise *supervise = &launch->supervise;
    int status = 0;
    if (supervise->stdin_mode == 3)
        return 0;
    bool monitor = supervise->mode == 2;
    if (!monitor || supervise->stdin_mode == 0 || supervise->terminal != 0) {
        if (monitor || supervise->stdin_mode == 0)
            launch->stdio[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
    } else {
        status = pipe_for(launch, &launch->stdio[0], &launch->inward, true);
    }
    if (!monitor || status < 0)
        return status;
    if (supervise->terminal != 0) {
        launch->stdio[1] = open("/dev/null", O_RDWR | O_CLOEXEC);
        launch->stdio[2] = open("/dev/null", O_RDWR | O_CLOEXEC);
        return launch->stdio[1] < 0 || launch->stdio[2] < 0 ? -errno : 0;
    }
    status = pipe_for(launch, &launch->outward[0], &launch->stdio[1], false);
    return status < 0 ? status : pipe_for(launch, &launch->outward[1], &launch->stdio[2], false);
}

/* Host sockets that inside steps use after the host's paths are gone: connected ahead, in the host's namespace. */
int connect_ahead(struct launch *launch)
{
    struct cursor cursor;
    struct op op;
    cursor_start(&cursor, &launch->plan);
    while (cursor_next(&cursor, &op)) {
        bool terminal = op.code == OP_TERMINAL;
        if (!terminal && op.code != OP_SECCOMP)
            continue;
        const char *path = op_str(&op, terminal ? TERMINAL__CONSOLE_SOCKET : SECCOMP__LISTENER);
        launch->has_terminal |= terminal;
        if (*path == 0)
            continue;
        int fd = connect_unix(path, SOCK_STREAM);
        if (fd < 0) {
            fail(launch, fd, "%s", path);
            report_failure(launch, op.stage, op.index, fd);
            return fd;
        }
        *(terminal ? &launch->console_socket : &launch->listener_socket) = fd;
    }
    return 0;
}

int take_stdio(struct launch *launch)
{
    for (int i = 0; i < 3; i++)
        if (launch->stdio[i] >= 0 && dup2(launch->stdio[i], i) < 0)
            return -errno;
    return 0;
}

static bool is_null(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

/* A stream on the host's node would let the program change the owner and mode of it, through /proc/self/fd. */
int op_null_streams(struct launch *launch, UNUSED const struct op *op)
{
    /* A path: whatever else an image has put there must not be opened for use. */
    SCOPED_FD place = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (place < 0 || !is_null(place))
        return 0;
    SCOPED_FD own = open("/dev/null", O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
    if (own < 0 || !is_null(own))
        return 0;
    for (int i = 0; i < 3; i++)
        if (is_null(i) && dup2(own, i) < 0)
            return fail(launch, errno, "stream %d", i);
    return 0;
}
