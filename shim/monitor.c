/* A container's monitor: one epoll loop over its output, its clients and its end. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "monitor.h"

#define EVENTS 16

static int listen_attach(struct monitor *monitor)
{
    char path[PATH_BYTES];
    const char *directory = monitor->launch->supervise.directory;
    struct sockaddr_un name;
    socklen_t length;
    if (*directory == 0)
        return 0;
    int size = snprintf(path, sizeof path, "%s/attach.sock", directory);
    if (size < 0 || (size_t)size >= sizeof path)
        return -ENAMETOOLONG;
    SCOPED_FD place = NONE;
    int status = unix_address(path, &name, &length, &place);
    if (status < 0)
        return status;
    unlink(path);
    monitor->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (monitor->listener < 0 || fchmod(monitor->listener, 0600) < 0 ||
        bind(monitor->listener, (struct sockaddr *)&name, length) < 0 || listen(monitor->listener, 64) < 0)
        return -errno;
    return watch(monitor, EPOLL_CTL_ADD, monitor->listener, EPOLLIN, FROM_LISTENER, 0) < 0 ? -errno : 0;
}

/* Everything that died is reaped: also what the container left behind without a pid namespace of its own. */
static void reap(struct monitor *monitor)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;
    while (read(monitor->signals, &info, sizeof info) == sizeof info)
        ;
    while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
        if (pid != monitor->launch->pid)
            continue;
        monitor->status = status;
        monitor->ended = clock_ns(CLOCK_REALTIME);
        monitor->exited = true;
    }
}

static void accept_client(struct monitor *monitor)
{
    int fd = accept4(monitor->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    int index = fd < 0 ? -1 : client_add(monitor, fd, 0);
    if (index >= 0)
        clients_hello(monitor, (unsigned)index, FRAME_HELLO);
}

static void dispatch(struct monitor *monitor, const struct epoll_event *event)
{
    enum source source = (enum source)(event->data.u64 >> 32);
    switch (source) {
    case FROM_OUT:
    case FROM_ERR:
        output_event(monitor, source);
        break;
    case FROM_MASTER:
        if ((event->events & EPOLLOUT) != 0)
            input_write(monitor);
        if ((event->events & ~(uint32_t)EPOLLOUT) != 0)
            output_event(monitor, source);
        break;
    case FROM_INPUT:
        input_write(monitor);
        break;
    case FROM_SIGNALS:
        reap(monitor);
        break;
    case FROM_LISTENER:
        accept_client(monitor);
        break;
    case FROM_CLIENT:
        client_event(monitor, (uint32_t)event->data.u64, event->events);
        break;
    case FROM_NAMES:
    case FROM_NAMES_LISTENER:
    case FROM_ASKER:
        names_event(monitor, source, (uint32_t)event->data.u64, event->events);
        break;
    }
}

static void loop(struct monitor *monitor)
{
    struct epoll_event events[EVENTS];
    while (!monitor->exited) {
        int count = epoll_wait(monitor->epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++)
            dispatch(monitor, &events[i]);
    }
}

static int prepare(struct monitor *monitor)
{
    const struct supervise *supervise = &monitor->launch->supervise;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    monitor->epoll = epoll_create1(EPOLL_CLOEXEC);
    monitor->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (monitor->epoll < 0 || monitor->signals < 0)
        return -errno;
    watch(monitor, EPOLL_CTL_ADD, monitor->signals, EPOLLIN, FROM_SIGNALS, 0);
    log_open(&monitor->log, supervise->log, supervise->log_max_bytes, supervise->log_max_files);
    if (monitor->launch->master >= 0)
        fcntl(monitor->launch->master, F_SETFL, O_NONBLOCK);
    return listen_attach(monitor);
}

/* Gives back what only the start needed; what stays is the plan and a few pages. */
static void slim(struct launch *launch)
{
    munmap(launch->report, sizeof *launch->report);
    launch->report = mmap(NULL, sizeof *launch->report, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (launch->report == MAP_FAILED)
        launch->report = NULL;
    else
        launch->report->pid = launch->pid;
    int *const ends[] = {&launch->sync, &launch->root, &launch->console_socket, &launch->listener_socket, &launch->gate};
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) {
        close_scoped(ends[i]);
        *ends[i] = NONE;
    }
}

/* Serves until the container and its teardown are done. The caller blocks SIGCHLD before the clone. */
int monitor_main(struct launch *launch, int client, uint8_t mask)
{
    static struct monitor monitor;
    monitor.launch = launch;
    monitor.listener = NONE;
    monitor.started = clock_ns(CLOCK_REALTIME);
    monitor.start_time = process_start_time(launch->pid);
    slim(launch);
    int status = prepare(&monitor);
    fcntl(client, F_SETFL, O_NONBLOCK);
    int index = status < 0 ? status : client_add(&monitor, client, mask);
    if (index >= 0)
        clients_hello(&monitor, (unsigned)index, FRAME_STARTED);
    outputs_watch(&monitor);
    names_watch(&monitor);
    /* It may have ended before the signal descriptor was there. */
    reap(&monitor);
    loop(&monitor);
    monitor_finish(&monitor);
    return 0;
}
