/*
 * Moves a network interface into the container: the kernel takes its addresses away with the move, so the permanent ones
 * are read before and added again inside (runtime-spec config-linux.md, Network Devices).
 */
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "shim.h"

unsigned int if_nametoindex(const char *name);

#define RECEIVE_BYTES 32768
#define REQUEST_BYTES 512
#define INDEX_TRIES 4096

struct addresses {
    uint8_t *bytes; /* RTM_NEWADDR messages, each padded to NLMSG_ALIGN */
    size_t length;
};

struct request {
    struct nlmsghdr head;
    uint8_t body[REQUEST_BYTES];
};

static void request_init(struct request *request, uint16_t type, uint16_t flags, const void *body, size_t length)
{
    memset(request, 0, sizeof *request);
    request->head.nlmsg_type = type;
    request->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    request->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(length);
    memcpy(request->body, body, length);
}

static void request_attribute(struct request *request, uint16_t type, const void *data, size_t length)
{
    struct rtattr *attribute = (struct rtattr *)(void *)((uint8_t *)request + NLMSG_ALIGN(request->head.nlmsg_len));
    attribute->rta_type = type;
    attribute->rta_len = (uint16_t)RTA_LENGTH(length);
    memcpy(RTA_DATA(attribute), data, length);
    request->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(request->head.nlmsg_len) + RTA_LENGTH(length));
}

/* Sends one message and waits for its acknowledgement; a negative errno. */
static int request_send(int fd, struct nlmsghdr *message)
{
    union {
        struct nlmsghdr head;
        uint8_t bytes[1024];
    } answer;
    message->nlmsg_flags |= NLM_F_ACK;
    if (send(fd, message, message->nlmsg_len, 0) < 0)
        return -errno;
    ssize_t length = recv(fd, &answer, sizeof answer, 0);
    if (length < (ssize_t)NLMSG_LENGTH(sizeof(int)) || answer.head.nlmsg_type != NLMSG_ERROR)
        return length < 0 ? -errno : -EPROTO;
    const struct nlmsgerr *error = NLMSG_DATA(&answer.head);
    return error->error;
}

static bool is_permanent(const struct nlmsghdr *message, unsigned index)
{
    const struct ifaddrmsg *address = NLMSG_DATA(message);
    if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof *address))
        return false;
    return address->ifa_index == index && address->ifa_scope == RT_SCOPE_UNIVERSE &&
           (address->ifa_flags & IFA_F_PERMANENT) != 0;
}

/* Without the label, which names the interface as it was called, and the times, which are without end. */
static int keep_address(struct addresses *kept, const struct nlmsghdr *message)
{
    uint8_t *grown = realloc(kept->bytes, kept->length + NLMSG_ALIGN(message->nlmsg_len));
    if (grown == NULL)
        return -ENOMEM;
    kept->bytes = grown;
    struct nlmsghdr *copy = (struct nlmsghdr *)(void *)(grown + kept->length);
    size_t head = NLMSG_LENGTH(sizeof(struct ifaddrmsg));
    memset(copy, 0, NLMSG_ALIGN(message->nlmsg_len));
    memcpy(copy, message, head);
    copy->nlmsg_len = (uint32_t)NLMSG_ALIGN(head);
    const struct ifaddrmsg *address = NLMSG_DATA(message);
    int left = (int)(message->nlmsg_len - head);
    for (struct rtattr *at = IFA_RTA(address); RTA_OK(at, left); at = RTA_NEXT(at, left)) {
        if (at->rta_type == IFA_LABEL || at->rta_type == IFA_CACHEINFO)
            continue;
        memcpy((uint8_t *)copy + copy->nlmsg_len, at, at->rta_len);
        copy->nlmsg_len += (uint32_t)RTA_ALIGN(at->rta_len);
    }
    kept->length += NLMSG_ALIGN(copy->nlmsg_len);
    return 0;
}

static int list_addresses(int fd, unsigned index, struct addresses *kept)
{
    static union {
        struct nlmsghdr head;
        uint8_t bytes[RECEIVE_BYTES];
    } answer;
    struct request request;
    struct ifaddrmsg any = {.ifa_family = AF_UNSPEC};
    request_init(&request, RTM_GETADDR, NLM_F_DUMP, &any, sizeof any);
    if (send(fd, &request, request.head.nlmsg_len, 0) < 0)
        return -errno;
    for (;;) {
        ssize_t length = recv(fd, &answer, sizeof answer, 0);
        if (length < 0)
            return -errno;
        for (struct nlmsghdr *at = &answer.head; NLMSG_OK(at, length); at = NLMSG_NEXT(at, length)) {
            if (at->nlmsg_type == NLMSG_DONE || at->nlmsg_type == NLMSG_ERROR)
                return at->nlmsg_type == NLMSG_DONE ? 0 : -EPROTO;
            int status = is_permanent(at, index) ? keep_address(kept, at) : 0;
            if (status < 0)
                return status;
        }
    }
}

/* A netlink socket of the container's network namespace; whether the name is free there is asked on the way. */
static int enter_and_look(struct launch *launch, int target, const char *name)
{
    SCOPED_FD own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (own < 0 || setns(target, CLONE_NEWNET) < 0)
        return fail(launch, errno, "network namespace");
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), error = errno;
    bool taken = strchr(name, '%') == NULL && if_nametoindex(name) != 0;
    if (setns(own, CLONE_NEWNET) < 0) {
        error = errno;
        close_scoped(&fd);
        return fail(launch, error, "network namespace");
    }
    if (fd >= 0 && taken) {
        close(fd);
        return fail(launch, EEXIST, "%s", name);
    }
    return fd < 0 ? fail(launch, error, "netlink") : fd;
}

/* Moves and renames in one message; the index that the interface has inside, or a negative errno. */
static int move_device(int fd, unsigned index, int target, const char *name)
{
    uint32_t number = (uint32_t)target, inside = index;
    for (unsigned i = 0; i < INDEX_TRIES; i++) {
        struct request request;
        struct ifinfomsg link = {.ifi_index = (int)index};
        request_init(&request, RTM_NEWLINK, 0, &link, sizeof link);
        request_attribute(&request, IFLA_NET_NS_FD, &number, sizeof number);
        request_attribute(&request, IFLA_IFNAME, name, strlen(name) + 1);
        /* Chosen here, so that it is known afterwards whatever name the kernel made of a template. */
        request_attribute(&request, IFLA_NEW_IFINDEX, &inside, sizeof inside);
        int status = request_send(fd, &request.head);
        if (status == 0)
            return (int)inside;
        if (status != -EBUSY)
            return status;
        inside++;
    }
    return -EBUSY;
}

static int add_addresses(int fd, struct addresses *kept, int index)
{
    for (size_t at = 0; at < kept->length;) {
        struct nlmsghdr *message = (struct nlmsghdr *)(void *)(kept->bytes + at);
        at += NLMSG_ALIGN(message->nlmsg_len);
        message->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL;
        message->nlmsg_seq = message->nlmsg_pid = 0;
        ((struct ifaddrmsg *)NLMSG_DATA(message))->ifa_index = (unsigned)index;
        int status = request_send(fd, message);
        if (status < 0 && status != -EEXIST)
            return status;
    }
    return 0;
}

static int set_up(int fd, int index)
{
    struct request request;
    struct ifinfomsg link = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    request_init(&request, RTM_NEWLINK, 0, &link, sizeof link);
    return request_send(fd, &request.head);
}

int op_network_device(struct launch *launch, const struct op *op)
{
    const char *name = op_str(op, NETWORK_DEVICE__NAME), *wanted = op_str(op, NETWORK_DEVICE__RENAME);
    struct addresses kept = {NULL, 0};
    char path[64];
    if (*wanted == 0)
        wanted = name;
    if (strlen(wanted) >= IFNAMSIZ)
        return fail(launch, ENAMETOOLONG, "%s", wanted);
    unsigned index = if_nametoindex(name);
    if (index == 0)
        return fail(launch, ENODEV, "%s", name);
    snprintf(path, sizeof path, "/proc/%d/ns/net", launch->report->pid);
    SCOPED_FD target = open(path, O_RDONLY | O_CLOEXEC);
    SCOPED_FD outside = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (target < 0 || outside < 0)
        return fail(launch, errno, "%s", target < 0 ? path : "netlink");
    SCOPED_FD within = enter_and_look(launch, target, wanted);
    if (within < 0)
        return within;
    int status = list_addresses(outside, index, &kept);
    int moved = status < 0 ? status : move_device(outside, index, target, wanted);
    status = moved < 0 ? moved : add_addresses(within, &kept, moved);
    if (status == 0)
        status = set_up(within, moved);
    free(kept.bytes);
    return status < 0 ? fail(launch, status, "%s", name) : 0;
}
