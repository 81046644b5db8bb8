/*
 * The log: one record per read of the container's output, little endian (read by src/host/log-format.ts):
 *
 *   u32 payload length, u8 stream (1 stdout, 2 stderr), u8 flags (1: the payload does not end a line), u16 zero,
 *   u64 time (ns since 1970), payload, u32 payload length again, so that a reader can walk from the end
 *
 * `log` is the newest file, `log.1` the one before it, up to `log.<files - 1>`. A record never spans files.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "monitor.h"

#define HEAD_BYTES 16
#define TAIL_BYTES 4
#define FLAG_PARTIAL 1

/* The end of the last whole record: a machine that lost power may have left a torn one. */
static uint64_t whole_length(int fd, uint64_t size)
{
    uint8_t word[4], head[HEAD_BYTES];
    if (size >= HEAD_BYTES + TAIL_BYTES && pread(fd, word, 4, (off_t)(size - TAIL_BYTES)) == 4) {
        uint64_t length = load_u32(word) + (uint64_t)HEAD_BYTES + TAIL_BYTES;
        if (length <= size && pread(fd, head, 4, (off_t)(size - length)) == 4 && load_u32(head) == load_u32(word))
            return size;
    }
    uint64_t at = 0;
    while (at + HEAD_BYTES + TAIL_BYTES <= size && pread(fd, head, HEAD_BYTES, (off_t)at) == HEAD_BYTES) {
        uint64_t next = at + HEAD_BYTES + load_u32(head) + TAIL_BYTES;
        if (next > size)
            break;
        at = next;
    }
    return at;
}

static void open_file(struct log *log)
{
    struct stat status;
    log->fd = open(log->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    log->size = 0;
    if (log->fd < 0 || fstat(log->fd, &status) < 0 || status.st_size == 0)
        return;
    log->size = whole_length(log->fd, (uint64_t)status.st_size);
    if (log->size != (uint64_t)status.st_size && ftruncate(log->fd, (off_t)log->size) < 0)
        log->size = (uint64_t)status.st_size;
}

void log_open(struct log *log, const char *path, uint64_t max_bytes, uint32_t max_files)
{
    *log = (struct log){.fd = NONE, .path = path, .max_bytes = max_bytes, .max_files = max_files == 0 ? 1 : max_files};
    if (path != NULL && *path != 0)
        open_file(log);
}

/* log.1 becomes log.2 and so on; the oldest goes. */
static void rotate(struct log *log)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    for (uint32_t i = log->max_files - 1; i > 0; i--) {
        int size = i == 1 ? snprintf(from, sizeof from, "%s", log->path)
                          : snprintf(from, sizeof from, "%s.%u", log->path, i - 1);
        if (size < 0 || (size_t)size >= sizeof from ||
            (size_t)snprintf(to, sizeof to, "%s.%u", log->path, i) >= sizeof to)
            return;
        rename(from, to);
    }
    if (log->max_files == 1)
        unlink(log->path);
    close(log->fd);
    open_file(log);
}

void log_write(struct log *log, uint8_t stream, const uint8_t *data, uint32_t length)
{
    if (log->fd < 0)
        return;
    uint64_t record = (uint64_t)HEAD_BYTES + length + TAIL_BYTES;
    if (log->max_bytes > 0 && log->size > 0 && log->size + record > log->max_bytes)
        rotate(log);
    uint8_t head[HEAD_BYTES] = {0}, tail[TAIL_BYTES];
    store_u32(head, length);
    head[4] = stream;
    head[5] = data[length - 1] == '\n' ? 0 : FLAG_PARTIAL;
    store_u64(head + 8, clock_ns(CLOCK_REALTIME));
    store_u32(tail, length);
    struct iovec parts[3] = {{head, HEAD_BYTES}, {(void *)(uintptr_t)data, length}, {tail, TAIL_BYTES}};
    ssize_t size = writev(log->fd, parts, 3);
    if (size == (ssize_t)record)
        log->size += record;
    else if (size > 0 && ftruncate(log->fd, (off_t)log->size) < 0)
        /* A full disk loses records, never the container; a torn record must not stay in the middle. */
        log->size += (uint64_t)size;
}
