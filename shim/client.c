/* The clients of a monitor: frames in, frames out, bounded queues. */
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "monitor.h"

#define ROUNDS_MAX 32

int watch(struct monitor *monitor, int operation, int fd, uint32_t events, enum source source, uint32_t tag)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)source << 32 | tag};
    return epoll_ctl(monitor->epoll, operation, fd, &event);
}

static void rewatch(struct monitor *monitor, unsigned index)
{
    const struct client *client = monitor->clients[index];
    uint32_t events = (client->stalled ? 0 : EPOLLIN) | (client->waiting ? EPOLLOUT : 0);
    watch(monitor, EPOLL_CTL_MOD, client->fd, events, FROM_CLIENT, client->tag);
}

int client_add(struct monitor *monitor, int fd, uint8_t mask)
{
    static uint32_t serial;
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        if (monitor->clients[i] != NULL)
            continue;
        struct client *client = calloc(1, sizeof *client);
        if (client == NULL)
            break;
        client->fd = fd;
        client->mask = mask;
        monitor->clients[i] = client;
        client->tag = (serial++ << 8) | i;
        watch(monitor, EPOLL_CTL_ADD, fd, EPOLLIN, FROM_CLIENT, client->tag);
        return (int)i;
    }
    close(fd);
    return -EMFILE;
}

bool clients_behind(const struct monitor *monitor)
{
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        if (monitor->clients[i] != NULL && queue_length(&monitor->clients[i]->out) > BEHIND_BYTES)
            return true;
    return false;
}

static void close_input(struct monitor *monitor)
{
    monitor->input_closing = true;
    input_write(monitor);
}

void client_drop(struct monitor *monitor, unsigned index)
{
    struct client *client = monitor->clients[index];
    monitor->clients[index] = NULL;
    watch(monitor, EPOLL_CTL_DEL, client->fd, 0, FROM_CLIENT, 0);
    close(client->fd);
    queue_free(&client->out);
    queue_free(&client->answer);
    if (client->sent_stdin && monitor->launch->supervise.stdin_mode == 2)
        close_input(monitor);
    bool named = (client->mask & WANTS_NAMES) != 0;
    free(client);
    if (monitor->exited)
        return;
    outputs_watch(monitor);
    if (named)
        names_forget(monitor);
}

/* What the socket does not take at once waits in the client's queue. */
void client_frame(struct monitor *monitor, unsigned index, uint8_t type, const void *data, uint32_t length)
{
    struct client *client = monitor->clients[index];
    uint8_t head[8] = {type};
    store_u32(head + 4, length);
    struct iovec parts[2] = {{head, sizeof head}, {(void *)(uintptr_t)data, length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = length == 0 ? 1 : 2};
    size_t sent = 0;
    if (client->out.data == NULL) {
        ssize_t size = sendmsg(client->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size < 0 && errno != EAGAIN && errno != EINTR) {
            client_drop(monitor, index);
            return;
        }
        sent = size < 0 ? 0 : (size_t)size;
    }
    if (sent == sizeof head + length)
        return;
    size_t body = sent > sizeof head ? sent - sizeof head : 0;
    bool kept = (sent >= sizeof head || queue_add(&client->out, head + sent, sizeof head - sent)) &&
                queue_add(&client->out, (const uint8_t *)data + body, length - body);
    if (!kept) {
        client_drop(monitor, index);
    } else if (!client->waiting) {
        client->waiting = true;
        rewatch(monitor, index);
    }
}

void clients_hello(struct monitor *monitor, unsigned index, uint8_t type)
{
    uint8_t hello[24];
    store_u32(hello, (uint32_t)getpid());
    store_u32(hello + 4, (uint32_t)monitor->launch->pid);
    store_u64(hello + 8, monitor->start_time);
    store_u64(hello + 16, monitor->started);
    client_frame(monitor, index, type, hello, sizeof hello);
}

static void stall(struct monitor *monitor, bool stalled)
{
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        struct client *client = monitor->clients[i];
        if (client == NULL || client->stalled == stalled || (stalled && !client->sent_stdin))
            continue;
        client->stalled = stalled;
        rewatch(monitor, i);
    }
}

/* Gives the container what waits for it, and closes its input after that if asked to. */
void input_write(struct monitor *monitor)
{
    struct launch *launch = monitor->launch;
    bool terminal = launch->master >= 0;
    int *fd = terminal ? &launch->master : &launch->inward;
    if (*fd < 0) {
        queue_free(&monitor->input);
        stall(monitor, false);
        return;
    }
    int status = queue_flush(&monitor->input, *fd);
    bool waiting = status == 0 && monitor->input.data != NULL;
    if (status < 0)
        queue_free(&monitor->input);
    if (!waiting && !terminal && (status < 0 || monitor->input_closing)) {
        close(*fd);
        *fd = NONE;
    } else if (terminal) {
        if (monitor->reading)
            watch(monitor, EPOLL_CTL_MOD, *fd, EPOLLIN | (waiting ? EPOLLOUT : 0), FROM_MASTER, 0);
    } else if (watch(monitor, waiting ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, *fd, EPOLLOUT, FROM_INPUT, 0) < 0) {
        errno = 0; /* already as wanted */
    }
    stall(monitor, waiting);
}

static void client_signal(struct monitor *monitor, uint32_t number)
{
    if (number <= 64 && !monitor->exited)
        syscall(SYS_pidfd_send_signal, monitor->launch->pidfd, (int)number, NULL, 0);
}

/* A whole frame other than stdin has arrived. */
static void client_command(struct monitor *monitor, unsigned index, uint8_t type)
{
    struct client *client = monitor->clients[index];
    const uint8_t *at = client->small;
    uint32_t length = client->small_length;
    if (type == FRAME_SUBSCRIBE && length >= 1) {
        bool named = (client->mask & WANTS_NAMES) != 0;
        client->mask = at[0] & (WANTS_OUTPUT | WANTS_NAMES);
        if (named != ((client->mask & WANTS_NAMES) != 0))
            names_forget(monitor);
    } else if (type == FRAME_STDIN_CLOSE) {
        client->sent_stdin = true;
        if (monitor->launch->supervise.terminal == 0)
            close_input(monitor);
    } else if (type == FRAME_RESIZE && length >= 4 && monitor->launch->master >= 0) {
        set_window(monitor->launch->master, (uint32_t)(at[0] | at[1] << 8), (uint32_t)(at[2] | at[3] << 8));
    } else if (type == FRAME_SIGNAL && length >= 4) {
        client_signal(monitor, load_u32(at));
    }
}

/* The answer to a query, of which `chunk` holds a part; mostly it comes in one piece. */
static void client_answer(struct monitor *monitor, struct client *client, size_t size, bool complete)
{
    if (complete && client->answer.data == NULL) {
        names_answer(monitor, chunk, size);
    } else if (queue_add(&client->answer, chunk, size) && complete) {
        /* Taken from the client first: what follows from an answer may be the client's end. */
        struct queue whole = client->answer;
        client->answer = (struct queue){0};
        names_answer(monitor, whole.data + whole.start, queue_length(&whole));
        queue_free(&whole);
    }
}

/* One read's worth of the payload; false: nothing more to read now. */
static bool client_payload(struct monitor *monitor, unsigned index)
{
    struct client *client = monitor->clients[index];
    size_t wanted = client->left < sizeof chunk ? client->left : sizeof chunk;
    ssize_t size = client->left == 0 ? 0 : read(client->fd, chunk, wanted);
    if (client->left > 0 && size <= 0) {
        if (size == 0 || (errno != EAGAIN && errno != EINTR))
            client_drop(monitor, index);
        return false;
    }
    client->left -= (uint32_t)size;
    uint8_t type = client->head[0];
    bool complete = client->left == 0;
    if (complete)
        client->head_length = 0;
    if (type == FRAME_STDIN) {
        client->sent_stdin = true;
        if (!monitor->input_closing && size > 0 && queue_add(&monitor->input, chunk, (size_t)size))
            input_write(monitor);
        return monitor->clients[index] == client && !client->stalled;
    }
    if (type == FRAME_ANSWER) {
        client_answer(monitor, client, (size_t)size, complete);
        return monitor->clients[index] == client;
    }
    for (ssize_t i = 0; i < size && client->small_length < sizeof client->small; i++)
        client->small[client->small_length++] = chunk[i];
    if (complete)
        client_command(monitor, index, type);
    return true;
}

static void client_read(struct monitor *monitor, unsigned index)
{
    struct client *client = monitor->clients[index];
    bool more = true;
    /* Bounded: one busy client must not keep the others and the container waiting. */
    for (int rounds = 0; more && rounds < ROUNDS_MAX; rounds++) {
        if (client->head_length < sizeof client->head) {
            ssize_t size = read(client->fd, client->head + client->head_length, sizeof client->head - client->head_length);
            if (size <= 0) {
                if (size == 0 || (errno != EAGAIN && errno != EINTR))
                    client_drop(monitor, index);
                return;
            }
            client->head_length += (uint32_t)size;
            if (client->head_length < sizeof client->head)
                return;
            client->left = load_u32(client->head + 4);
            client->small_length = 0;
            if (client->left > LIMIT_FRAME_BYTES) {
                client_drop(monitor, index);
                return;
            }
        }
        more = client_payload(monitor, index);
    }
}

void client_event(struct monitor *monitor, uint32_t tag, uint32_t events)
{
    unsigned index = tag & 0xff;
    struct client *client = monitor->clients[index];
    /* An event of a client that went earlier in the same round must not hit its successor. */
    if (client == NULL || client->tag != tag)
        return;
    if ((events & EPOLLOUT) != 0) {
        if (queue_flush(&client->out, client->fd) < 0) {
            client_drop(monitor, index);
            return;
        }
        if (client->out.data == NULL) {
            client->waiting = false;
            rewatch(monitor, index);
        }
        if (!monitor->exited)
            outputs_watch(monitor);
    }
    if ((events & EPOLLIN) != 0)
        client_read(monitor, index);
    else if ((events & (EPOLLHUP | EPOLLERR)) != 0)
        client_drop(monitor, index);
}
