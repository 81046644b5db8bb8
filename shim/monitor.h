/* The parts of a monitor. */
#pragma once
#include <sys/epoll.h>

#include "shim.h"

#define CLIENTS_MAX 64
#define CHUNK_BYTES 65536
/* Bits of a client's mask. */
#define WANTS_OUTPUT 3
#define WANTS_NAMES 4
#define NAMES_CONNECTIONS 16
/* A client this far behind stops the container's output. */
#define BEHIND_BYTES (1u << 20)

/* Bytes that wait; the memory is given back when nothing does. */
struct queue {
    uint8_t *data;
    size_t start, end, room;
};

struct log {
    int fd;
    const char *path;
    uint64_t size, max_bytes;
    uint32_t max_files;
};

/* A connection; frames are parsed as they come, so that none is held whole. */
struct client {
    int fd;
    /* Index in the low byte; the rest tells it from an earlier client of that index. */
    uint32_t tag;
    uint8_t mask;
    bool sent_stdin;
    bool waiting; /* in epoll for writing */
    bool stalled; /* not read while the container does not take its input */
    uint8_t head[8];
    uint32_t head_length;
    uint32_t left; /* of the current frame's payload */
    uint8_t small[8];
    uint32_t small_length;
    struct queue out;
    struct queue answer; /* to a query, while it arrives in pieces */
};

/* A connection over which the container asks for names, one question at a time. */
struct asker {
    int fd;
    uint32_t tag;
    bool waiting; /* for the answer */
    struct queue in, out;
};

struct monitor {
    struct launch *launch;
    int epoll, listener, signals;
    struct client *clients[CLIENTS_MAX];
    struct log log;
    struct queue input; /* for the container */
    bool input_closing;
    bool reading; /* outputs are in epoll */
    bool asking;  /* the resolver's sockets are in epoll */
    uint32_t asked; /* queries that wait for an answer */
    struct asker *askers[NAMES_CONNECTIONS];
    bool exited;
    int status;
    uint64_t started, ended, start_time;
};

/* What an epoll event belongs to. */
enum source { FROM_OUT, FROM_ERR, FROM_MASTER, FROM_INPUT, FROM_SIGNALS, FROM_LISTENER, FROM_CLIENT,
              FROM_NAMES, FROM_NAMES_LISTENER, FROM_ASKER };

/* queue.c */
bool queue_add(struct queue *queue, const void *data, size_t length);
/* Writes what it can: 0, or a negative errno other than EAGAIN. */
int queue_flush(struct queue *queue, int fd);
void queue_free(struct queue *queue);
static inline size_t queue_length(const struct queue *queue)
{
    return queue->end - queue->start;
}

/* log.c */
void log_open(struct log *log, const char *path, uint64_t max_bytes, uint32_t max_files);
void log_write(struct log *log, uint8_t stream, const uint8_t *data, uint32_t length);

/* client.c */
int client_add(struct monitor *monitor, int fd, uint8_t mask);
void client_drop(struct monitor *monitor, unsigned index);
void client_frame(struct monitor *monitor, unsigned index, uint8_t type, const void *data, uint32_t length);
void client_event(struct monitor *monitor, uint32_t tag, uint32_t events);
void clients_hello(struct monitor *monitor, unsigned index, uint8_t type);
void input_write(struct monitor *monitor);
bool clients_behind(const struct monitor *monitor);
int watch(struct monitor *monitor, int operation, int fd, uint32_t events, enum source source, uint32_t tag);

/* output.c */
void outputs_watch(struct monitor *monitor);
ssize_t output_event(struct monitor *monitor, enum source source);
void output_drain(struct monitor *monitor);
extern uint8_t chunk[CHUNK_BYTES];

/* names.c */
void names_watch(struct monitor *monitor);
void names_event(struct monitor *monitor, enum source source, uint32_t tag, uint32_t events);
void names_answer(struct monitor *monitor, const uint8_t *data, size_t length);
void names_forget(struct monitor *monitor);
void names_close(struct monitor *monitor);

/* exit.c */
void monitor_finish(struct monitor *monitor);
