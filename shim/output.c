/* The container's output: read, logged, and given to every client that wants it. */
#include <sys/ioctl.h>

#include "monitor.h"

/* Reads that empty a pty: it holds 64 KiB in lines. */
#define PTY_ROUNDS 1024

uint8_t chunk[CHUNK_BYTES];

static int *descriptor(struct monitor *monitor, enum source source)
{
    struct launch *launch = monitor->launch;
    return source == FROM_MASTER ? &launch->master : source == FROM_OUT ? &launch->outward[0] : &launch->outward[1];
}

/* Puts the outputs into epoll or takes them out, as the clients keep up or fall behind. */
void outputs_watch(struct monitor *monitor)
{
    bool wanted = !monitor->exited && !clients_behind(monitor);
    if (wanted == monitor->reading)
        return;
    monitor->reading = wanted;
    for (enum source source = FROM_OUT; source <= FROM_MASTER; source++) {
        int fd = *descriptor(monitor, source);
        /* Out of epoll altogether: a hang-up would be reported again and again otherwise. */
        if (fd >= 0)
            watch(monitor, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, EPOLLIN, source, 0);
    }
    /* A pty is one descriptor for both directions. */
    if (wanted && monitor->input.data != NULL && monitor->launch->master >= 0)
        input_write(monitor);
}

static void end(struct monitor *monitor, enum source source)
{
    int *fd = descriptor(monitor, source);
    if (monitor->reading)
        watch(monitor, EPOLL_CTL_DEL, *fd, 0, source, 0);
    close(*fd);
    *fd = NONE;
}

static void spread(struct monitor *monitor, uint8_t stream, const uint8_t *data, uint32_t length)
{
    log_write(&monitor->log, stream, data, length);
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        if (monitor->clients[i] != NULL && (monitor->clients[i]->mask & stream & WANTS_OUTPUT) != 0)
            client_frame(monitor, i, stream == 1 ? FRAME_STDOUT : FRAME_STDERR, data, length);
}

/* One read; the number of bytes, 0 or less at the end and when nothing is there. */
ssize_t output_event(struct monitor *monitor, enum source source)
{
    int fd = *descriptor(monitor, source);
    if (fd < 0)
        return 0;
    ssize_t size = read(fd, chunk, sizeof chunk);
    if (size > 0) {
        spread(monitor, source == FROM_ERR ? 2 : 1, chunk, (uint32_t)size);
        if (!monitor->exited)
            outputs_watch(monitor);
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        end(monitor, source);
    }
    return size;
}

/*
 * What was written before the main process ended, and no more: a process left behind may hold the pipe open and write
 * for ever. The kernel bounds what can wait, so slow clients do not hold this up.
 */
void output_drain(struct monitor *monitor)
{
    for (enum source source = FROM_OUT; source <= FROM_ERR; source++) {
        int waiting = 0, fd = *descriptor(monitor, source);
        if (fd < 0 || ioctl(fd, FIONREAD, &waiting) < 0)
            continue;
        for (ssize_t left = waiting, size; left > 0; left -= size)
            if ((size = output_event(monitor, source)) <= 0)
                break;
    }
    /* A pty does not tell how much waits behind its line buffer; a read that does not block is exact. */
    for (int i = 0; i < PTY_ROUNDS; i++)
        if (output_event(monitor, FROM_MASTER) <= 0)
            break;
}
