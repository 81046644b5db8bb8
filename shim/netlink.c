/* Sends netlink messages made elsewhere and reads their acknowledgements. */
#include <linux/membarrier.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "shim.h"

#define RECEIVE_BYTES (1 << 20)

/* The kernel's own words about an error, if it gave any (NETLINK_EXT_ACK). */
static const char *extended_text(const struct nlmsghdr *head, const struct nlmsgerr *error, char *text, size_t size)
{
    size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof *error);
    text[0] = 0;
    if ((head->nlmsg_flags & NLM_F_ACK_TLVS) == 0)
        return text;
    if ((head->nlmsg_flags & NLM_F_CAPPED) == 0)
        at += NLMSG_ALIGN(error->msg.nlmsg_len - NLMSG_HDRLEN);
    while (at + NLA_HDRLEN <= head->nlmsg_len) {
        const struct nlattr *attribute = (const struct nlattr *)((const char *)head + at);
        if (attribute->nla_len < NLA_HDRLEN || at + attribute->nla_len > head->nlmsg_len)
            break;
        if ((attribute->nla_type & NLA_TYPE_MASK) == NLMSGERR_ATTR_MSG) {
            snprintf(text, size, ": %.*s", attribute->nla_len - NLA_HDRLEN, (const char *)attribute + NLA_HDRLEN);
            break;
        }
        at += NLA_ALIGN(attribute->nla_len);
    }
    return text;
}

/*
 * Reads what the kernel answered. Netlink handles messages inside sendmsg, so every answer is in the queue already and
 * nothing here waits; the first errno that is not in the op's list counts.
 */
static int read_answers(struct launch *launch, int fd, const struct op *op, unsigned number)
{
    char *buffer = malloc(65536), text[256];
    int result = 0;
    if (buffer == NULL)
        return fail(launch, ENOMEM, "netlink");
    for (;;) {
        ssize_t size = recv(fd, buffer, 65536, MSG_DONTWAIT);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno != EAGAIN && result == 0)
            result = fail(launch, errno, "message %u", number);
        if (size <= 0)
            break;
        unsigned left = (unsigned)size;
        for (struct nlmsghdr *head = (struct nlmsghdr *)buffer; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
            const struct nlmsgerr *error = NLMSG_DATA(head);
            if (head->nlmsg_type != NLMSG_ERROR || head->nlmsg_len < NLMSG_LENGTH(sizeof *error) || error->error == 0 ||
                op_lists(op, NETLINK__IGNORE, (uint32_t)-error->error) || result != 0)
                continue;
            result = fail(launch, -error->error, "message %u%s", error->msg.nlmsg_seq,
                          extended_text(head, error, text, sizeof text));
        }
    }
    free(buffer);
    return result;
}

static int send_part(struct launch *launch, int fd, const struct op *op, const uint8_t *at, size_t length, unsigned number)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (sendto(fd, at, length, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
        return fail(launch, errno, "message %u", number);
    return read_answers(launch, fd, op, number);
}

static int send_messages(struct launch *launch, int fd, const struct op *op, const uint8_t *bytes, uint32_t length)
{
    /* A netfilter batch is one transaction; route messages go one by one, so that the first failure ends the op. */
    if (op_u32(op, NETLINK__PROTOCOL) != NETLINK_ROUTE)
        return send_part(launch, fd, op, bytes, length, 0);
    unsigned number = 0;
    for (uint32_t at = 0; at < length; number++) {
        uint32_t size = length - at < NLMSG_HDRLEN ? 0 : load_u32(bytes + at);
        if (size < NLMSG_HDRLEN || size > length - at)
            return fail(launch, EBADMSG, "message %u", number);
        int status = send_part(launch, fd, op, bytes + at, size, number);
        if (status < 0)
            return status;
        uint32_t step = NLMSG_ALIGN(size);
        at += step < length - at ? step : length - at;
    }
    return 0;
}

static int open_socket(uint32_t protocol)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, (int)protocol), yes = 1, room = RECEIVE_BYTES;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &yes, sizeof yes);
    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &yes, sizeof yes);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    return fd;
}

/*
 * To close a netfilter socket waits for a grace period, 10 ms and more, while anything deleted from any table is not yet
 * freed (nf_tables' NETLINK_URELEASE notifier), and everybody who changes a table waits with it. So the launching process
 * keeps one socket, and a monitor lets the grace period pass before it ends, when nobody waits for it any more.
 */
static int kept_socket(struct launch *launch)
{
    if (launch->netfilter < 0)
        launch->netfilter = open_socket(NETLINK_NETFILTER);
    return launch->netfilter;
}

void netfilter_rest(struct launch *launch)
{
    if (launch->netfilter >= 0)
        syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

int op_netlink(struct launch *launch, const struct op *op)
{
    const struct value *message = &op->field[NETLINK__MESSAGE], *offsets = &op->field[NETLINK__PID_OFFSETS];
    uint32_t protocol = op_u32(op, NETLINK__PROTOCOL);
    bool kept = protocol == NETLINK_NETFILTER && launch->kind == LAUNCHING;
    SCOPED_FD own = kept ? NONE : open_socket(protocol);
    int fd = kept ? kept_socket(launch) : own;
    if (fd < 0)
        return fail(launch, errno, "netlink");
    uint8_t *bytes = malloc(message->length + 1u);
    if (bytes == NULL)
        return fail(launch, ENOMEM, "netlink");
    memcpy(bytes, message->at, message->length);
    int status = 0;
    for (uint32_t i = 0; status == 0 && i < offsets->count; i++) {
        uint32_t offset = load_u32(offsets->at + (size_t)i * 4);
        if (message->length < 4 || offset > message->length - 4)
            status = fail(launch, EINVAL, "pid offset %u", offset);
        else
            store_u32(bytes + offset, (uint32_t)launch->report->pid);
    }
    if (status == 0)
        status = send_messages(launch, fd, op, bytes, message->length);
    free(bytes);
    return status;
}
