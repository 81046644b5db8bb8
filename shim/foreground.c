/* Stays in front of a container: relays signals and the terminal, ends with the container's status. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>

#include "shim.h"

struct relay {
    struct launch *launch;
    int signals;
    struct termios saved;
    bool raw;
    int status;
    bool exited;
    uint8_t inward[4096], outward[65536];
    size_t in_length, out_length;
    bool input_open;
};

static void follow_window(struct relay *relay)
{
    struct winsize size;
    if (relay->launch->master >= 0 && ioctl(0, TIOCGWINSZ, &size) == 0)
        ioctl(relay->launch->master, TIOCSWINSZ, &size);
}

/* Raw: every key is the container's, ^C included. */
static void enter_raw(struct relay *relay)
{
    struct termios raw;
    if (relay->launch->master < 0)
        return;
    fcntl(relay->launch->master, F_SETFL, O_NONBLOCK);
    follow_window(relay);
    if (tcgetattr(0, &relay->saved) < 0)
        return;
    raw = relay->saved;
    cfmakeraw(&raw);
    relay->raw = tcsetattr(0, TCSANOW, &raw) == 0;
}

static void take_signals(struct relay *relay)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;
    while (read(relay->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGWINCH)
            follow_window(relay);
        else if (info.ssi_signo != SIGCHLD)
            syscall(SYS_pidfd_send_signal, relay->launch->pidfd, (int)info.ssi_signo, NULL, 0);
    }
    while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
        if (pid == relay->launch->pid) {
            relay->status = status;
            relay->exited = true;
        }
}

/* Moves what it can from one side to the other through a buffer; false: the source has ended. */
static bool move(int from, int to, uint8_t *buffer, size_t room, size_t *length, short from_ready, short to_ready)
{
    if (*length == 0 && from_ready != 0) {
        ssize_t size = read(from, buffer, room);
        if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        *length = size < 0 ? 0 : (size_t)size;
        to_ready = POLLOUT;
    }
    if (*length > 0 && to_ready != 0) {
        ssize_t size = write(to, buffer, *length);
        if (size < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (size > 0) {
            memmove(buffer, buffer + size, *length - (size_t)size);
            *length -= (size_t)size;
        }
    }
    return true;
}

static void step(struct relay *relay)
{
    int *master = &relay->launch->master;
    struct pollfd events[4] = {
        {.fd = relay->signals, .events = POLLIN},
        {.fd = relay->input_open && *master >= 0 && relay->in_length == 0 ? 0 : NONE, .events = POLLIN},
        {.fd = *master,
         .events = (short)((relay->out_length == 0 ? POLLIN : 0) | (relay->in_length > 0 ? POLLOUT : 0))},
        {.fd = relay->out_length > 0 ? 1 : NONE, .events = POLLOUT},
    };
    if (poll(events, 4, -1) < 0)
        return;
    if (*master >= 0) {
        if (!move(0, *master, relay->inward, sizeof relay->inward, &relay->in_length, events[1].revents,
                  events[2].revents & POLLOUT))
            relay->input_open = false;
        short readable = events[2].revents & (POLLIN | POLLHUP | POLLERR);
        if (!move(*master, 1, relay->outward, sizeof relay->outward, &relay->out_length, readable, events[3].revents)) {
            close(*master);
            *master = NONE;
        }
    }
    if (events[0].revents != 0)
        take_signals(relay);
}

/* The rest of the terminal's output after the end. */
static void drain(struct relay *relay)
{
    if (relay->launch->master < 0)
        return;
    write_all(1, relay->outward, relay->out_length);
    for (int i = 0; i < 1024; i++) {
        ssize_t size = read(relay->launch->master, relay->outward, sizeof relay->outward);
        if (size <= 0 || write_all(1, relay->outward, (size_t)size) < 0)
            break;
    }
}

/* Blocks the signals that are relayed, and returns them. */
sigset_t foreground_block(void)
{
    sigset_t set;
    sigfillset(&set);
    /* Stopping and faults stay what they are for this process itself. */
    int const own[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPIPE};
    for (unsigned i = 0; i < sizeof own / sizeof *own; i++)
        sigdelset(&set, own[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return set;
}

int foreground_main(struct launch *launch)
{
    static struct relay relay;
    relay.launch = launch;
    relay.input_open = true;
    sigset_t set = foreground_block();
    relay.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    enter_raw(&relay);
    take_signals(&relay);
    while (!relay.exited)
        step(&relay);
    drain(&relay);
    if (relay.raw)
        tcsetattr(0, TCSADRAIN, &relay.saved);
    close_scoped(&launch->master);
    close_scoped(&launch->slave);
    run_teardown(launch);
    return WIFSIGNALED(relay.status) ? 128 + WTERMSIG(relay.status) : WEXITSTATUS(relay.status);
}
