/* Tells of nftables tables that somebody removes: after `nft flush ruleset` the engine makes its own anew. */
#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "shim.h"

/* NFT_TABLE_MAXNAMELEN; more than any name the engine gives. */
#define NAME_BYTES 64

/*
 * Every start of a container puts elements into sets, and each of its transactions would wake the launcher: what begins
 * with such a message is not passed on. The low byte of the type is the message, in the byte order of this machine.
 */
static int leave_out_elements(int fd)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NFT_MSG_NEWSETELEM, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NFT_MSG_DELSETELEM, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NFT_MSG_NEWGEN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

/* A socket that hears of changes, or NONE where there is no nftables or no right to listen. */
int tables_open(void)
{
    struct sockaddr_nl name = {.nl_family = AF_NETLINK};
    uint32_t group = NFNLGRP_NFTABLES;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
    if (fd < 0)
        return NONE;
    if (bind(fd, (struct sockaddr *)&name, sizeof name) == 0 && leave_out_elements(fd) == 0 &&
        setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0)
        return fd;
    close(fd);
    return NONE;
}

/* The table's name on a line of standard output, if the message says that it went. */
static void tell(const struct nlmsghdr *message)
{
    if (message->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE))
        return;
    size_t at = NLMSG_LENGTH(sizeof(struct nfgenmsg));
    while (at + NLA_HDRLEN <= message->nlmsg_len) {
        const struct nlattr *attribute = (const struct nlattr *)((const char *)message + at);
        if (attribute->nla_len < NLA_HDRLEN || at + attribute->nla_len > message->nlmsg_len)
            return;
        int length = attribute->nla_len - NLA_HDRLEN;
        if ((attribute->nla_type & NLA_TYPE_MASK) == NFTA_TABLE_NAME && length < NAME_BYTES) {
            dprintf(1, "%.*s\n", length, (const char *)attribute + NLA_HDRLEN);
            return;
        }
        at += NLA_ALIGN(attribute->nla_len);
    }
}

void tables_tell(int fd)
{
    static char buffer[32768] __attribute__((aligned(8)));
    for (;;) {
        struct sockaddr_nl sender = {0};
        socklen_t length = sizeof sender;
        ssize_t size = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&sender, &length);
        if (size < 0 && errno == EINTR)
            continue;
        /* More was said than the socket holds: it may have been anything. */
        if (size < 0 && errno == ENOBUFS) {
            dprintf(1, "*\n");
            continue;
        }
        if (size <= 0)
            return;
        /* Whoever may change tables may send to this socket, and would say anything. */
        if (sender.nl_pid != 0)
            continue;
        /* Signed: the last message's padding may be missing, and then less than nothing is left. */
        int left = (int)size;
        for (const struct nlmsghdr *head = (const struct nlmsghdr *)buffer; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left))
            tell(head);
    }
}
