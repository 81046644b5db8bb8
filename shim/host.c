/* Files and kernel interfaces of the host. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "shim.h"

#define CAPTURE_BYTES 4096

int op_make_directory(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, MAKE_DIRECTORY__PATH);
    mode_t mode = op_u32(op, MAKE_DIRECTORY__MODE) & 07777;
    if (mkdir(path, mode) == 0)
        return chmod(path, mode) < 0 ? fail(launch, errno, "%s", path) : 0;
    struct stat status;
    if (errno == EEXIST && op_u32(op, MAKE_DIRECTORY__EXIST) != 0 && stat(path, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return 0;
        errno = ENOTDIR;
    }
    return fail(launch, errno, "%s", path);
}

/* A process that hides from ptrace has its own files of procfs owned by root (proc(5)); not yet in the container, it may show. */
static int open_written(const struct launch *launch, const char *path)
{
    int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY | O_TRUNC, fd = open(path, flags);
    if (fd >= 0 || errno != EACCES || launch->kind == CHILD || strncmp(path, "/proc/self/", 11) != 0)
        return fd;
    prctl(PR_SET_DUMPABLE, 1);
    fd = open(path, flags);
    int error = errno;
    prctl(PR_SET_DUMPABLE, 0);
    errno = error;
    return fd;
}

int op_write(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, WRITE__PATH);
    const struct value *data = &op->field[WRITE__DATA];
    SCOPED_FD fd = open_written(launch, path);
    if (fd >= 0) {
        ssize_t size = write(fd, data->at, data->length);
        if (size == (ssize_t)data->length)
            return 0;
        if (size >= 0)
            errno = EIO;
    }
    int error = errno;
    return op_lists(op, WRITE__IGNORE, (uint32_t)error) ? 0 : fail(launch, error, "%s", path);
}

int op_unlink(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, UNLINK__PATH);
    return unlink(path) == 0 || errno == ENOENT ? 0 : fail(launch, errno, "%s", path);
}

int op_remove_directory(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, REMOVE_DIRECTORY__PATH);
    return rmdir(path) == 0 || errno == ENOENT ? 0 : fail(launch, errno, "%s", path);
}

int op_owner(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, OWNER__PATH);
    if (lchown(path, op_u32(op, OWNER__UID), op_u32(op, OWNER__GID)) == 0 || errno == ENOENT)
        return 0;
    return fail(launch, errno, "%s", path);
}

/* Up to `size` bytes of a file; their count or a negative errno. */
static ssize_t read_file(const char *path, char *data, size_t size)
{
    SCOPED_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    size_t length = 0;
    while (length < size) {
        ssize_t part = read(fd, data + length, size - length);
        if (part < 0)
            return -errno;
        if (part == 0)
            break;
        length += (size_t)part;
    }
    return (ssize_t)length;
}

int op_inherit(struct launch *launch, const struct op *op)
{
    char value[CAPTURE_BYTES];
    const char *from = op_str(op, INHERIT__FROM), *to = op_str(op, INHERIT__TO);
    ssize_t length = read_file(to, value, sizeof value);
    if (length < 0)
        return fail(launch, (int)-length, "%s", to);
    for (ssize_t i = 0; i < length; i++)
        if (value[i] != '\n' && value[i] != ' ')
            return 0;
    length = read_file(from, value, sizeof value);
    if (length < 0)
        return fail(launch, (int)-length, "%s", from);
    SCOPED_FD fd = open(to, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, value, (size_t)length) < 0)
        return fail(launch, errno, "%s", to);
    return 0;
}

int op_capture(struct launch *launch, const struct op *op)
{
    char data[CAPTURE_BYTES];
    const char *path = op_str(op, CAPTURE__PATH);
    if (launch->capture_count == CAPTURES_MAX)
        return fail(launch, ENOBUFS, "%s", path);
    ssize_t length = read_file(path, data, sizeof data);
    if (length < 0)
        return length == -ENOENT || length == -ENODEV ? 0 : fail(launch, (int)-length, "%s", path);
    struct capture *capture = &launch->captures[launch->capture_count];
    capture->data = malloc((size_t)length + 1);
    if (capture->data == NULL)
        return fail(launch, ENOMEM, "%s", path);
    memcpy(capture->data, data, (size_t)length);
    capture->length = (uint32_t)length;
    snprintf(capture->name, sizeof capture->name, "%s", op_str(op, CAPTURE__NAME));
    launch->capture_count++;
    return 0;
}

static int replace_file(const char *path, const char *text, size_t length)
{
    char temporary[PATH_BYTES];
    int size = snprintf(temporary, sizeof temporary, "%s.%d", path, getpid());
    if (size < 0 || (size_t)size >= sizeof temporary)
        return -ENAMETOOLONG;
    SCOPED_FD fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return -errno;
    int status = write_all(fd, text, length);
    if (status == 0 && rename(temporary, path) < 0)
        status = -errno;
    if (status < 0)
        unlink(temporary);
    return status;
}

int op_pid_file(struct launch *launch, const struct op *op)
{
    char text[16];
    const char *path = op_str(op, PID_FILE__PATH);
    int length = snprintf(text, sizeof text, "%d", launch->report->pid);
    int status = replace_file(path, text, (size_t)length);
    return status < 0 ? fail(launch, status, "%s", path) : 0;
}

int op_process_file(struct launch *launch, const struct op *op)
{
    char text[48];
    const char *path = op_str(op, PROCESS_FILE__PATH);
    int pid = launch->report->pid;
    int length = snprintf(text, sizeof text, "%d %llu\n", pid, (unsigned long long)process_start_time(pid));
    int status = replace_file(path, text, (size_t)length);
    return status < 0 ? fail(launch, status, "%s", path) : 0;
}

int op_child_file(struct launch *launch, const struct op *op)
{
    char path[320];
    const char *file = op_str(op, CHILD_FILE__FILE);
    const struct value *data = &op->field[CHILD_FILE__DATA];
    if (strchr(file, '/') != NULL || file[0] == '.' || strlen(file) > 255)
        return fail(launch, EINVAL, "%s", file);
    snprintf(path, sizeof path, "/proc/%d/%s", launch->report->pid, file);
    SCOPED_FD fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, data->at, data->length) < 0)
        return fail(launch, errno, "%s", path);
    return 0;
}

/* The port belongs to the container until its teardown is done. */
static int keep_port(struct launch *launch, int fd)
{
    int *grown = realloc(launch->reserved, (launch->reserved_count + 1u) * sizeof *grown);
    if (grown == NULL)
        return ENOMEM;
    launch->reserved = grown;
    launch->reserved[launch->reserved_count++] = fd;
    return 0;
}

int op_reserve_port(struct launch *launch, const struct op *op)
{
    const char *address = op_str(op, RESERVE_PORT__ADDRESS);
    uint32_t protocol = op_u32(op, RESERVE_PORT__PROTOCOL), port = op_u32(op, RESERVE_PORT__PORT);
    bool six = strchr(address, ':') != NULL;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    int parsed = six ? inet_pton(AF_INET6, address, &v6.sin6_addr) : inet_pton(AF_INET, address, &v4.sin_addr);
    if (parsed != 1 || port > 65535)
        return fail(launch, EINVAL, "%s:%u", address, port);
    int type = protocol == IPPROTO_UDP ? SOCK_DGRAM : protocol == IPPROTO_SCTP ? SOCK_SEQPACKET : SOCK_STREAM;
    int fd = socket(six ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, (int)protocol);
    /* A kernel without SCTP has nobody who could take the port; it translates addresses all the same. */
    if (fd < 0 && (errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT) && protocol == IPPROTO_SCTP)
        return 0;
    if (fd < 0)
        return fail(launch, errno, "%s:%u", address, port);
    int yes = 1;
    if (six)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    const struct sockaddr *name = six ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4;
    int error = bind(fd, name, six ? sizeof v6 : sizeof v4) == 0 ? keep_port(launch, fd) : errno;
    if (error == 0)
        return 0;
    close(fd);
    return fail(launch, error, "%s:%u", address, port);
}

void release_ports(struct launch *launch)
{
    while (launch->reserved_count > 0)
        close(launch->reserved[--launch->reserved_count]);
    free(launch->reserved);
    launch->reserved = NULL;
}
