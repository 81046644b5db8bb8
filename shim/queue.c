/* A byte queue whose memory exists only while something waits. */
#include <sys/mman.h>
#include <sys/socket.h>

#include "monitor.h"

#define ROOM_LEAST 65536u

static bool make_room(struct queue *queue, size_t length)
{
    if (queue->room - queue->end >= length)
        return true;
    if (queue->start > 0) {
        memmove(queue->data, queue->data + queue->start, queue_length(queue));
        queue->end -= queue->start;
        queue->start = 0;
        if (queue->room - queue->end >= length)
            return true;
    }
    size_t room = queue->room == 0 ? ROOM_LEAST : queue->room;
    while (room - queue->end < length)
        room *= 2;
    void *data = queue->data == NULL
                     ? mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                     : mremap(queue->data, queue->room, room, MREMAP_MAYMOVE);
    if (data == MAP_FAILED)
        return false;
    queue->data = data;
    queue->room = room;
    return true;
}

bool queue_add(struct queue *queue, const void *data, size_t length)
{
    if (!make_room(queue, length))
        return false;
    memcpy(queue->data + queue->end, data, length);
    queue->end += length;
    return true;
}

int queue_flush(struct queue *queue, int fd)
{
    while (queue->start < queue->end) {
        const uint8_t *at = queue->data + queue->start;
        ssize_t size = write(fd, at, queue_length(queue));
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return errno == EAGAIN ? 0 : -errno;
        queue->start += (size_t)size;
    }
    queue_free(queue);
    return 0;
}

void queue_free(struct queue *queue)
{
    if (queue->data != NULL)
        munmap(queue->data, queue->room);
    *queue = (struct queue){0};
}
