/* Waits for a network interface. */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "shim.h"

/*
 * Since Linux 6.8 the question for the carrier does what the kernel's work queue has not done yet (linkwatch_sync_dev);
 * before, it takes the lock under which that queue works, so that what follows sees all of it or nothing.
 */
static void ask_carrier(int fd, struct ifreq *request)
{
    struct ethtool_value value = {.cmd = ETHTOOL_GLINK};
    request->ifr_data = (void *)&value;
    ioctl(fd, SIOCETHTOOL, request);
}

/* 1: it passes packets, 0: not yet, or a negative errno. */
static int passes_packets(int fd, const char *name)
{
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    ask_carrier(fd, &request);
    if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
        return -errno;
    if ((request.ifr_flags & IFF_RUNNING) == 0)
        return 0;
    ask_carrier(fd, &request);
    return 1;
}

int op_await_link(struct launch *launch, const struct op *op)
{
    const char *name = op_str(op, AWAIT_LINK__NAME);
    uint64_t limit = clock_ns(CLOCK_MONOTONIC) + op_u32(op, AWAIT_LINK__MILLISECONDS) * 1000000ull;
    struct timespec pause = {0, 200000};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), state;
    if (fd < 0)
        return fail(launch, errno, "%s", name);
    while ((state = passes_packets(fd, name)) == 0 && clock_ns(CLOCK_MONOTONIC) < limit)
        nanosleep(&pause, NULL);
    close(fd);
    return state < 0 ? fail(launch, -state, "%s", name) : 0;
}
