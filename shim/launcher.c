/*
 * The launcher: accepts launches on a socket, one process each, which becomes the container's monitor. It holds no state
 * but mounts of layers, which it shares with whom it starts: killed at any time, it harms no container.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "shim.h"

static int send_frame(int fd, uint8_t type, const void *data, uint32_t length)
{
    uint8_t head[8] = {type};
    store_u32(head + 4, length);
    int status = write_all(fd, head, sizeof head);
    return status < 0 ? status : write_all(fd, data, length);
}

static void send_report(int fd, const struct launch *launch)
{
    uint32_t count = launch->plan.count, zero = 0;
    uint8_t head[8] = {FRAME_REPORT};
    store_u32(head + 4, 4 + count * 4);
    write_all(fd, head, sizeof head);
    write_all(fd, &zero, sizeof zero);
    write_all(fd, launch->report->nanoseconds, (size_t)count * 4);
}

static void send_failed(int fd, const struct report *report)
{
    uint8_t body[8 + DETAIL_BYTES] = {(uint8_t)report->stage, 0, (uint8_t)report->op, (uint8_t)(report->op >> 8)};
    size_t length = strlen(report->detail);
    store_u32(body + 4, (uint32_t)report->error);
    memcpy(body + 8, report->detail, length);
    send_frame(fd, FRAME_FAILED, body, (uint32_t)(8 + length));
}

/* Reads frames up to Launch; the plan's bytes, or NULL when the client leaves or errs. */
static uint8_t *receive_plan(int fd, size_t *length, uint8_t *mask)
{
    uint8_t head[8];
    while (read_exactly(fd, head, sizeof head) == 0) {
        uint32_t size = load_u32(head + 4);
        if (head[0] == FRAME_SUBSCRIBE && size == 1) {
            if (read_exactly(fd, mask, 1) < 0)
                return NULL;
            *mask &= 7;
            continue;
        }
        if (head[0] != FRAME_LAUNCH || size > LIMIT_PLAN_BYTES || size == 0)
            return NULL;
        uint8_t *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (bytes == MAP_FAILED || read_exactly(fd, bytes, size) < 0)
            return NULL;
        *length = size;
        return bytes;
    }
    return NULL;
}

static void prepare_process(void)
{
    sigset_t set;
    prctl(PR_SET_NAME, "tiffin-monitor");
    reset_signals();
    setsid();
    signal(SIGPIPE, SIG_IGN);
    /* What ends a terminal's or a service's processes must not end what watches a container. */
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* One launch, from its first frame to the container's end. */
static int serve(int fd)
{
    static struct launch launch;
    uint8_t mask = 0;
    size_t length = 0;
    uint32_t bad;
    launch_init(&launch);
    launch.report = report_create();
    uint8_t *bytes = launch.report == NULL ? NULL : receive_plan(fd, &length, &mask);
    if (bytes == NULL)
        return 1;
    prepare_process();
    memset(launch.report->nanoseconds, 0xff, sizeof launch.report->nanoseconds);
    int status = plan_open(&launch.plan, bytes, length, &bad);
    if (status < 0) {
        fail(&launch, status, "plan");
        report_failure(&launch, STAGE_HOST, bad, status);
    } else {
        status = launch_start(&launch);
    }
    send_report(fd, &launch);
    if (status < 0) {
        send_failed(fd, launch.report);
        return 1;
    }
    if (launch.has_clone && launch.supervise.mode == 2)
        return monitor_main(&launch, fd, mask);
    uint8_t nobody[24] = {0};
    send_frame(fd, FRAME_STARTED, nobody, sizeof nobody);
    return 0;
}

static int listen_at(const char *path)
{
    struct sockaddr_un name;
    socklen_t length;
    SCOPED_FD directory = NONE;
    int status = unix_address(path, &name, &length, &directory);
    int fd = status < 0 ? status : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return status < 0 ? status : -errno;
    unlink(path);
    if (fchmod(fd, 0600) == 0 && bind(fd, (struct sockaddr *)&name, length) == 0 && listen(fd, 1024) == 0)
        return fd;
    status = -errno;
    close(fd);
    return status;
}

static void accept_launch(int listener, int signals, int tables)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    pid_t pid = fork();
    if (pid == 0) {
        close(listener);
        close(signals);
        close(tables);
        /* The engine's end of the launcher's life: a monitor must not hold it. */
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        if (null > 2)
            close(null);
        exit(serve(fd));
    }
    close(fd);
}

/* The engine's instructions, each ended by a NUL; false at the engine's end. */
static bool take_instructions(void)
{
    static char text[PATH_BYTES + 2];
    static size_t length;
    ssize_t size = read(0, text + length, sizeof text - length);
    if (size <= 0)
        return size < 0 && errno == EINTR;
    length += (size_t)size;
    for (char *end; (end = memchr(text, 0, length)) != NULL;) {
        layers_instruct(text);
        length -= (size_t)(end + 1 - text);
        memmove(text, end + 1, length);
    }
    if (length == sizeof text)
        length = 0;
    return true;
}

int launcher_main(const char *socket)
{
    sigset_t set;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    /* The containers of a monitor that was killed come here, to be reaped. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    SCOPED_FD signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    SCOPED_FD listener = listen_at(socket);
    if (listener < 0 || signals < 0) {
        dprintf(2, "shim: %s: %s\n", socket, strerror(listener < 0 ? -listener : errno));
        return 1;
    }
    /* Tells the engine that connections are taken from now on. */
    if (write(1, "ready\n", 6) < 0)
        return 1;
    SCOPED_FD tables = tables_open();
    for (;;) {
        struct pollfd events[4] = {{.fd = listener, .events = POLLIN},
                                   {.fd = signals, .events = POLLIN},
                                   {.fd = 0, .events = POLLIN},
                                   {.fd = tables, .events = POLLIN}};
        if (poll(events, 4, -1) < 0)
            continue;
        if (events[3].revents != 0)
            tables_tell(tables);
        if (events[1].revents != 0) {
            struct signalfd_siginfo info;
            while (read(signals, &info, sizeof info) == sizeof info)
                ;
            while (waitpid(-1, NULL, WNOHANG) > 0)
                ;
        }
        /* Before a launch is taken: the layers that it names were said ahead of it. */
        if (events[2].revents != 0 && !take_instructions())
            break;
        if ((events[0].revents & POLLIN) != 0)
            accept_launch(listener, signals, tables);
    }
    /* The socket stays: the launcher of the next engine may have its own at that path by now. */
    return 0;
}
