/* How the processes of a launch wait for each other, and the start gate of a created container. */
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "shim.h"

int send_fds(int socket, const void *data, size_t length, const int *fds, uint32_t count)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct iovec vector = {(void *)(uintptr_t)data, length};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    memset(&control, 0, sizeof control);
    if (count > 0) {
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(head), fds, count * sizeof(int));
    }
    ssize_t size;
    do
        size = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (size < 0 && errno == EINTR);
    return size < 0 ? -errno : 0;
}

int sync_send(struct launch *launch, uint32_t token, const int *fds, uint32_t fd_count)
{
    return send_fds(launch->sync, &token, sizeof token, fds, fd_count);
}

static void keep_descriptors(int *first, int *second, struct msghdr *message)
{
    struct cmsghdr *head = CMSG_FIRSTHDR(message);
    if (head == NULL || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
        return;
    int fds[2] = {NONE, NONE};
    size_t size = head->cmsg_len - CMSG_LEN(0);
    memcpy(fds, CMSG_DATA(head), size < sizeof fds ? size : sizeof fds);
    *first = fds[0];
    *second = fds[1];
}

/* 1 with a token, 0 at the end, or a negative errno. */
int sync_receive(struct launch *launch, uint32_t *token)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(2 * sizeof(int))];
    } control;
    for (;;) {
        struct iovec vector = {token, sizeof *token};
        struct msghdr message = {
            .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
        ssize_t size = recvmsg(launch->sync, &message, MSG_CMSG_CLOEXEC);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return errno == ECONNRESET ? 0 : -errno;
        if (size == 0)
            return 0;
        if (*token == TOKEN_MASTER) {
            keep_descriptors(&launch->master, &launch->slave, &message);
            continue;
        }
        if (*token == TOKEN_NAMES) {
            keep_descriptors(&launch->names[0], &launch->names[1], &message);
            continue;
        }
        if (*token == TOKEN_TREE) {
            int none = NONE;
            keep_descriptors(&launch->lent, &none, &message);
        }
        /* Nobody lends any more: an answer would never come. */
        if (*token == TOKEN_WANTED && launch->kind == LAUNCHING)
            return -EPROTO;
        return 1;
    }
}

/* For a later `await`. */
int remember_token(struct launch *launch, uint32_t token)
{
    if (launch->token_count == sizeof launch->tokens_seen / sizeof *launch->tokens_seen)
        return -ENOBUFS;
    launch->tokens_seen[launch->token_count++] = token;
    return 0;
}

/* The descriptor tells of this very process, whatever becomes of its number. */
int op_pidfd(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, PIDFD__SOCKET), *label = op_str(op, PIDFD__LABEL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return fail(launch, ENAMETOOLONG, "%s", path);
    strcpy(address.sun_path, path);
    SCOPED_FD peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (peer < 0 || connect(peer, (struct sockaddr *)&address, sizeof address) < 0)
        return fail(launch, errno, "%s", path);
    int status = send_fds(peer, label, strlen(label), &launch->pidfd, 1);
    return status < 0 ? fail(launch, status, "%s", path) : 0;
}

int op_notify(struct launch *launch, const struct op *op)
{
    int status = sync_send(launch, op_u32(op, NOTIFY__TOKEN), NULL, 0);
    return status < 0 ? fail(launch, status, "other process") : 0;
}

int op_await(struct launch *launch, const struct op *op)
{
    uint32_t wanted = op_u32(op, AWAIT__TOKEN), token;
    for (uint32_t i = 0; i < launch->token_count; i++) {
        if (launch->tokens_seen[i] != wanted)
            continue;
        launch->tokens_seen[i] = launch->tokens_seen[--launch->token_count];
        return 0;
    }
    for (;;) {
        int status = sync_receive(launch, &token);
        /* The other side's own failure, if it had one, was reported before this one. */
        if (status <= 0)
            return fail(launch, status == 0 ? EPIPE : status, "other process");
        if (token == wanted)
            break;
        if (token == TOKEN_GATE)
            launch->gate_reached = true;
        else if (remember_token(launch, token) < 0)
            return fail(launch, ENOBUFS, "tokens");
    }
    if (launch->kind == CHILD)
        prctl(PR_SET_DUMPABLE, 0);
    /* In a new user namespace the first token comes after the id maps: only now uid 0 means something. */
    if (launch->kind == CHILD && launch->user_namespace && (getuid() != 0 || getgid() != 0)) {
        if (syscall(SYS_setresgid, 0, 0, 0) < 0 && errno != EINVAL)
            return fail(launch, errno, "setresgid");
        if (syscall(SYS_setresuid, 0, 0, 0) < 0 && errno != EINVAL)
            return fail(launch, errno, "setresuid");
    }
    return 0;
}

/*
 * The address of a socket at a host path. A path longer than sun_path is reached through a descriptor of its directory,
 * which the caller closes after bind or connect.
 */
int unix_address(const char *path, void *address, socklen_t *length, int *directory)
{
    struct sockaddr_un *name = address;
    size_t size = strlen(path);
    *directory = NONE;
    *length = sizeof *name;
    memset(name, 0, sizeof *name);
    name->sun_family = AF_UNIX;
    if (size < sizeof name->sun_path) {
        memcpy(name->sun_path, path, size);
        return 0;
    }
    const char *base = strrchr(path, '/');
    char parent[PATH_BYTES];
    if (base == NULL || (size_t)(base - path) >= sizeof parent)
        return -ENAMETOOLONG;
    memcpy(parent, path, (size_t)(base - path));
    parent[base - path] = 0;
    *directory = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*directory < 0)
        return -errno;
    int written = snprintf(name->sun_path, sizeof name->sun_path, "/proc/self/fd/%d%s", *directory, base);
    return written < 0 || (size_t)written >= sizeof name->sun_path ? -ENAMETOOLONG : 0;
}

int connect_unix(const char *path, int type)
{
    struct sockaddr_un name;
    socklen_t length;
    SCOPED_FD directory = NONE;
    int status = unix_address(path, &name, &length, &directory);
    if (status < 0)
        return status;
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&name, length) == 0)
        return fd;
    status = -errno;
    close(fd);
    return status;
}

int op_gate(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, GATE__PATH);
    struct sockaddr_un name;
    socklen_t length;
    SCOPED_FD directory = NONE;
    int status = unix_address(path, &name, &length, &directory);
    if (status < 0)
        return fail(launch, status, "%s", path);
    launch->gate = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (launch->gate < 0)
        return fail(launch, errno, "%s", path);
    /* Owner only: whoever connects starts the container. */
    if (fchmod(launch->gate, 0600) < 0 || bind(launch->gate, (struct sockaddr *)&name, length) < 0 ||
        listen(launch->gate, 1) < 0)
        return fail(launch, errno, "%s", path);
    return 0;
}

int op_wait_gate(struct launch *launch, UNUSED const struct op *op)
{
    if (launch->gate < 0)
        return fail(launch, EINVAL, "no gate");
    /* The launching process may end now; from here on the container lives by itself. */
    prctl(PR_SET_PDEATHSIG, 0);
    launch->gate_opened = true;
    atomic_store(&launch->report->reached, 1);
    int status = sync_send(launch, TOKEN_GATE, NULL, 0);
    if (status < 0)
        return fail(launch, status, "launching process");
    /* The byte tells that the client knows of its connection: until then the end of it would look like a refusal. */
    uint8_t byte;
    while (launch->gate_client < 0) {
        launch->gate_client = accept4(launch->gate, NULL, NULL, SOCK_CLOEXEC);
        if (launch->gate_client < 0 && errno != EINTR && errno != ECONNABORTED)
            return fail(launch, errno, "accept");
        if (launch->gate_client >= 0 && read_exactly(launch->gate_client, &byte, 1) < 0) {
            close(launch->gate_client);
            launch->gate_client = NONE;
        }
    }
    close(launch->gate);
    launch->gate = NONE;
    return 0;
}
