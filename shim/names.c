/*
 * Names: the container asks at an address of its own loop-back, the monitor passes each question to the engine and the
 * answer back. Nothing is decided here. While no engine is connected the questions wait in the sockets, bounded by the
 * kernel, so that an engine's restart shows as a late answer at most.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "monitor.h"

/* Before the message: u8 protocol, u8 index of the asker, u16 port, u32 address (both in network order), u32 tag. */
#define PLACE_BYTES 12
#define QUERY_BYTES 4096
#define ANSWER_BYTES 65535
/* Questions in flight: a container that floods its resolver loses datagrams, and the engine does not even see them. */
#define ASKED_MAX 64
#define ROUNDS_MAX 16
#define BACKLOG 16

static int open_at(const struct sockaddr_in *name, int type)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
    if (fd < 0)
        return -errno;
    if (type == SOCK_STREAM)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (const struct sockaddr *)name, sizeof *name) == 0 && (type == SOCK_DGRAM || listen(fd, BACKLOG) == 0))
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

int op_resolver(struct launch *launch, const struct op *op)
{
    const char *address = op_str(op, RESOLVER__ADDRESS);
    uint32_t port = op_u32(op, RESOLVER__PORT);
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (port > 65535 || inet_pton(AF_INET, address, &name.sin_addr) != 1)
        return fail(launch, EINVAL, "%s:%u", address, port);
    SCOPED_FD datagrams = open_at(&name, SOCK_DGRAM);
    SCOPED_FD connections = datagrams < 0 ? datagrams : open_at(&name, SOCK_STREAM);
    if (connections < 0)
        return fail(launch, connections, "%s:%u", address, port);
    int fds[2] = {datagrams, connections};
    int status = sync_send(launch, TOKEN_NAMES, fds, 2);
    return status < 0 ? fail(launch, status, "launching process") : 0;
}

/* The engine: the latest client that asked for queries. */
static int reader(const struct monitor *monitor)
{
    int found = NONE;
    uint32_t latest = 0;
    for (int i = 0; i < CLIENTS_MAX; i++) {
        const struct client *client = monitor->clients[i];
        if (client == NULL || (client->mask & WANTS_NAMES) == 0 || (found >= 0 && client->tag >> 8 < latest))
            continue;
        found = i;
        latest = client->tag >> 8;
    }
    return found;
}

static void asker_watch(struct monitor *monitor, const struct asker *asker, int operation)
{
    uint32_t events = (asker->out.data != NULL ? EPOLLOUT : 0) | (asker->waiting || !monitor->asking ? 0 : EPOLLIN);
    watch(monitor, operation, asker->fd, events, FROM_ASKER, asker->tag);
}

/* Questions are read while somebody answers them and not too many wait. */
void names_watch(struct monitor *monitor)
{
    const int *fds = monitor->launch->names;
    bool wanted = !monitor->exited && monitor->asked < ASKED_MAX && reader(monitor) >= 0;
    if (fds[0] < 0 || wanted == monitor->asking)
        return;
    monitor->asking = wanted;
    int operation = wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;
    watch(monitor, operation, fds[0], EPOLLIN, FROM_NAMES, 0);
    watch(monitor, operation, fds[1], EPOLLIN, FROM_NAMES_LISTENER, 0);
    for (unsigned i = 0; i < NAMES_CONNECTIONS; i++)
        if (monitor->askers[i] != NULL)
            asker_watch(monitor, monitor->askers[i], EPOLL_CTL_MOD);
}

static void asker_drop(struct monitor *monitor, unsigned index)
{
    struct asker *asker = monitor->askers[index];
    monitor->askers[index] = NULL;
    close(asker->fd);
    queue_free(&asker->in);
    queue_free(&asker->out);
    free(asker);
}

/* The reader changed: what the one before was asked is lost, and its askers ask again. */
void names_forget(struct monitor *monitor)
{
    monitor->asked = 0;
    for (unsigned i = 0; i < NAMES_CONNECTIONS; i++)
        if (monitor->askers[i] != NULL && monitor->askers[i]->waiting)
            asker_drop(monitor, i);
    names_watch(monitor);
}

void names_close(struct monitor *monitor)
{
    for (unsigned i = 0; i < NAMES_CONNECTIONS; i++)
        if (monitor->askers[i] != NULL)
            asker_drop(monitor, i);
    for (int i = 0; i < 2; i++) {
        close_scoped(&monitor->launch->names[i]);
        monitor->launch->names[i] = NONE;
    }
}

/* `query` has PLACE_BYTES of room ahead of the message. */
static bool ask(struct monitor *monitor, const uint8_t *query, size_t length)
{
    int index = reader(monitor);
    /* An engine that does not keep up gets no more to do. */
    if (index < 0 || queue_length(&monitor->clients[index]->out) > BEHIND_BYTES)
        return false;
    monitor->asked++;
    client_frame(monitor, (unsigned)index, FRAME_QUERY, query, (uint32_t)(PLACE_BYTES + length));
    return true;
}

static void datagrams_event(struct monitor *monitor)
{
    static uint8_t query[PLACE_BYTES + QUERY_BYTES];
    for (int rounds = 0; rounds < ROUNDS_MAX && monitor->asking; rounds++) {
        struct sockaddr_in from;
        socklen_t size = sizeof from;
        ssize_t length = recvfrom(monitor->launch->names[0], query + PLACE_BYTES, QUERY_BYTES, MSG_TRUNC,
                                  (struct sockaddr *)&from, &size);
        if (length < 0)
            return;
        if (length == 0 || length > QUERY_BYTES || size < sizeof from)
            continue;
        memset(query, 0, PLACE_BYTES);
        query[0] = IPPROTO_UDP;
        memcpy(query + 2, &from.sin_port, 2);
        memcpy(query + 4, &from.sin_addr, 4);
        ask(monitor, query, (size_t)length);
        names_watch(monitor);
    }
}

/* All places taken: the one that has been there longest gives way. */
static unsigned free_place(struct monitor *monitor)
{
    unsigned oldest = 0;
    for (unsigned i = 0; i < NAMES_CONNECTIONS; i++) {
        if (monitor->askers[i] == NULL)
            return i;
        if (monitor->askers[i]->tag >> 8 < monitor->askers[oldest]->tag >> 8)
            oldest = i;
    }
    asker_drop(monitor, oldest);
    return oldest;
}

static void listener_event(struct monitor *monitor)
{
    static uint32_t serial;
    int fd = accept4(monitor->launch->names[1], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct asker *asker = fd < 0 ? NULL : calloc(1, sizeof *asker);
    if (asker == NULL) {
        close_scoped(&fd);
        return;
    }
    unsigned index = free_place(monitor);
    asker->fd = fd;
    asker->tag = (serial++ << 8) | index;
    monitor->askers[index] = asker;
    asker_watch(monitor, asker, EPOLL_CTL_ADD);
}

/* Passes on the first whole question that was read; false: the connection cannot go on. */
static bool asker_ask(struct monitor *monitor, struct asker *asker)
{
    struct queue *in = &asker->in;
    const uint8_t *at = in->data == NULL ? NULL : in->data + in->start;
    size_t length = queue_length(in) < 2 ? 0 : (size_t)(at[0] << 8 | at[1]);
    if (asker->waiting || queue_length(in) < 2)
        return true;
    if (length == 0 || length > QUERY_BYTES)
        return false;
    if (queue_length(in) < 2 + length)
        return true;
    uint8_t query[PLACE_BYTES + QUERY_BYTES] = {IPPROTO_TCP, (uint8_t)asker->tag};
    store_u32(query + 8, asker->tag);
    memcpy(query + PLACE_BYTES, at + 2, length);
    in->start += 2 + length;
    if (queue_length(in) == 0)
        queue_free(in);
    asker->waiting = true;
    return ask(monitor, query, length);
}

static bool asker_read(struct monitor *monitor, struct asker *asker)
{
    uint8_t part[2 + QUERY_BYTES];
    ssize_t size = read(asker->fd, part, sizeof part);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR;
    return size > 0 && queue_add(&asker->in, part, (size_t)size) && asker_ask(monitor, asker);
}

/* What follows from an event; the asker may be gone by then, together with the engine. */
static void asker_settle(struct monitor *monitor, const struct asker *asker, unsigned index, bool alive)
{
    if (monitor->askers[index] == asker && alive)
        asker_watch(monitor, asker, EPOLL_CTL_MOD);
    else if (monitor->askers[index] == asker)
        asker_drop(monitor, index);
    names_watch(monitor);
}

static void asker_event(struct monitor *monitor, uint32_t tag, uint32_t events)
{
    unsigned index = tag % NAMES_CONNECTIONS;
    struct asker *asker = monitor->askers[index];
    /* An event of one that went earlier in the same round must not hit its successor. */
    if (asker == NULL || asker->tag != tag)
        return;
    bool alive = (events & (EPOLLHUP | EPOLLERR)) == 0;
    if (alive && (events & EPOLLOUT) != 0)
        alive = queue_flush(&asker->out, asker->fd) == 0;
    if (alive && (events & EPOLLIN) != 0)
        alive = asker_read(monitor, asker);
    asker_settle(monitor, asker, index, alive);
}

void names_event(struct monitor *monitor, enum source source, uint32_t tag, uint32_t events)
{
    if (source == FROM_NAMES)
        datagrams_event(monitor);
    else if (source == FROM_NAMES_LISTENER)
        listener_event(monitor);
    else
        asker_event(monitor, tag, events);
}

static void asker_answer(struct monitor *monitor, uint32_t tag, const uint8_t *message, size_t length)
{
    unsigned index = tag % NAMES_CONNECTIONS;
    struct asker *asker = monitor->askers[index];
    /* It may have gone, and another may have its place. */
    if (asker == NULL || asker->tag != tag || !asker->waiting)
        return;
    uint8_t head[2] = {(uint8_t)(length >> 8), (uint8_t)length};
    asker->waiting = false;
    bool alive = length > 0 && queue_add(&asker->out, head, sizeof head) && queue_add(&asker->out, message, length) &&
                 queue_flush(&asker->out, asker->fd) == 0 && asker_ask(monitor, asker);
    asker_settle(monitor, asker, index, alive);
}

void names_answer(struct monitor *monitor, const uint8_t *data, size_t length)
{
    if (length < PLACE_BYTES || length > PLACE_BYTES + ANSWER_BYTES || monitor->launch->names[0] < 0)
        return;
    if (monitor->asked > 0)
        monitor->asked--;
    const uint8_t *message = data + PLACE_BYTES;
    length -= PLACE_BYTES;
    if (data[0] == IPPROTO_TCP) {
        asker_answer(monitor, load_u32(data + 8), message, length);
    } else if (length > 0) {
        struct sockaddr_in to = {.sin_family = AF_INET};
        memcpy(&to.sin_port, data + 2, 2);
        memcpy(&to.sin_addr, data + 4, 4);
        /* Who has gone, or does not read, misses it: that is what datagrams are. */
        sendto(monitor->launch->names[0], message, length, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof to);
    }
    names_watch(monitor);
}
