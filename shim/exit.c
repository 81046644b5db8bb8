/* The end of a container: the last output, teardown, the exit record, goodbye to every client. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "monitor.h"

/* The record's text (src/host/frames.ts); NULL: no memory. */
static char *exit_record(const struct monitor *monitor, size_t *length)
{
    const struct launch *launch = monitor->launch;
    size_t room = 256;
    for (uint32_t i = 0; i < launch->capture_count; i++)
        room += launch->captures[i].length + sizeof launch->captures[i].name + 32;
    char *text = malloc(room);
    if (text == NULL)
        return NULL;
    int status = monitor->status, number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    size_t at = (size_t)snprintf(text, room, "status %d\nsignal %d\nstarted %llu\nended %llu\n",
                                 number != 0 ? 128 + number : WEXITSTATUS(status), number,
                                 (unsigned long long)monitor->started, (unsigned long long)monitor->ended);
    for (uint32_t i = 0; i < launch->capture_count; i++) {
        const struct capture *capture = &launch->captures[i];
        at += (size_t)snprintf(text + at, room - at, "capture %s %u\n", capture->name, capture->length);
        memcpy(text + at, capture->data, capture->length);
        at += capture->length;
        text[at++] = '\n';
    }
    *length = at;
    return text;
}

static void write_record(int place, const char *text, size_t length)
{
    SCOPED_FD fd = openat(place, "exit.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && write_all(fd, text, length) == 0)
        renameat(place, "exit.new", place, "exit");
}

/* Clients that connected meanwhile are in the listener's queue: they get their answer too. */
static void accept_last(struct monitor *monitor)
{
    int fd;
    while (monitor->listener >= 0 && (fd = accept4(monitor->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        int index = client_add(monitor, fd, 0);
        if (index >= 0)
            clients_hello(monitor, (unsigned)index, FRAME_HELLO);
    }
    close_scoped(&monitor->listener);
    monitor->listener = NONE;
}

/* Until every client has taken what waits for it, or has gone. */
static void flush_clients(struct monitor *monitor)
{
    for (;;) {
        struct pollfd waiting[CLIENTS_MAX];
        unsigned index[CLIENTS_MAX], count = 0;
        for (unsigned i = 0; i < CLIENTS_MAX; i++) {
            struct client *client = monitor->clients[i];
            if (client == NULL || client->out.data == NULL)
                continue;
            waiting[count] = (struct pollfd){.fd = client->fd, .events = POLLOUT};
            index[count++] = i;
        }
        if (count == 0)
            return;
        if (poll(waiting, count, -1) < 0)
            continue;
        for (unsigned i = 0; i < count; i++)
            if (waiting[i].revents != 0 && queue_flush(&monitor->clients[index[i]]->out, waiting[i].fd) < 0)
                client_drop(monitor, index[i]);
    }
}

/* Closing a socket with unread bytes resets it, and the peer would miss the record. */
static void part(struct monitor *monitor)
{
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        if (monitor->clients[i] == NULL)
            continue;
        int fd = monitor->clients[i]->fd;
        for (int rounds = 0; rounds < 16 && recv(fd, chunk, sizeof chunk, MSG_DONTWAIT) > 0; rounds++)
            ;
        shutdown(fd, SHUT_WR);
        close(fd);
    }
}

void monitor_finish(struct monitor *monitor)
{
    struct launch *launch = monitor->launch;
    size_t length = 0;
    /* A socket keeps its network namespace alive, and with it the container's interfaces. */
    names_close(monitor);
    output_drain(monitor);
    /* The pty and its devpts must not keep the container's mount namespace alive. */
    int *const ends[] = {&launch->master, &launch->slave, &launch->inward, &launch->outward[0], &launch->outward[1]};
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) {
        close_scoped(ends[i]);
        *ends[i] = NONE;
    }
    run_teardown(launch);
    char *text = exit_record(monitor, &length);
    SCOPED_FD place = open(launch->supervise.directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    /* The record first: who finds no socket any more must find the record. */
    if (place >= 0 && text != NULL)
        write_record(place, text, length);
    if (place >= 0)
        unlinkat(place, "attach.sock", 0);
    accept_last(monitor);
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        if (monitor->clients[i] != NULL && text != NULL)
            client_frame(monitor, i, FRAME_EXIT, text, (uint32_t)length);
    flush_clients(monitor);
    part(monitor);
    free(text);
    netfilter_rest(launch);
}
