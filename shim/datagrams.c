/*
 * `shim datagrams <socket>`: messages on standard input (u32 length, bytes) become datagrams to a unix socket, such as /dev/log. One byte on
 * standard output says that the socket is there. A service that starts anew is waited for, as long as somebody sends.
 */
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "shim.h"

#define MESSAGE_BYTES (128u << 10)
#define AGAIN_MS 200

/* False: whoever sends has gone. */
static bool pause_while_wanted(void)
{
    struct pollfd input = {.fd = 0};
    return poll(&input, 1, AGAIN_MS) == 0;
}

static bool deliver(int *fd, const char *path, const uint8_t *message, uint32_t length)
{
    for (;;) {
        if (*fd >= 0 && send(*fd, message, length, MSG_NOSIGNAL) >= 0)
            return true;
        /* Larger than the service takes: nothing will change that, and the next ones are not held up. */
        if (*fd >= 0 && errno == EMSGSIZE)
            return true;
        if (*fd >= 0 && errno == EINTR)
            continue;
        if (*fd >= 0 && errno != ENOBUFS) {
            close(*fd);
            *fd = NONE;
        }
        if (!pause_while_wanted())
            return false;
        if (*fd < 0)
            *fd = connect_unix(path, SOCK_DGRAM);
    }
}

int datagrams_main(const char *path)
{
    static uint8_t message[MESSAGE_BYTES];
    uint8_t head[4];
    int fd = connect_unix(path, SOCK_DGRAM);
    if (fd < 0) {
        dprintf(2, "%s", strerror(-fd));
        return 1;
    }
    if (write_all(1, "", 1) < 0)
        return 1;
    while (read_exactly(0, head, sizeof head) == 0) {
        uint32_t length = load_u32(head);
        if (length > sizeof message || read_exactly(0, message, length) < 0 || !deliver(&fd, path, message, length))
            return 1;
    }
    return 0;
}
