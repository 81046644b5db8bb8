/* Runs a hook: the state on its standard input, the end of its standard error in the failure. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "shim.h"

#define TAIL_BYTES 256

struct hook {
    pid_t pid;
    int pidfd, input, errors;
    char *state;
    size_t length, written;
    char tail[TAIL_BYTES];
    size_t tail_length;
};

static void hook_release(struct hook *hook)
{
    int *const fds[] = {&hook->pidfd, &hook->input, &hook->errors};
    for (unsigned i = 0; i < 3; i++)
        close_scoped(fds[i]);
    free(hook->state);
}

static int make_state(struct launch *launch, const struct op *op, struct hook *hook)
{
    size_t room = op->field[HOOK__STATE_HEAD].length + op->field[HOOK__STATE_TAIL].length + 16;
    hook->state = malloc(room);
    if (hook->state == NULL)
        return -ENOMEM;
    /* A hook in the container's namespaces knows the process by the number that it has there (runtime-spec, State). */
    int pid = launch->kind == CHILD ? getpid() : launch->report->pid;
    hook->length = (size_t)snprintf(hook->state, room, "%s%d%s", op_str(op, HOOK__STATE_HEAD), pid,
                                    op_str(op, HOOK__STATE_TAIL));
    return 0;
}

static _Noreturn void hook_child(const char *path, char **arguments, char **environment, int input, int errors)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    reset_signals();
    dup2(input, 0);
    dup2(null < 0 ? errors : null, 1);
    dup2(errors, 2);
    syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */);
    if (arguments != NULL && environment != NULL)
        execve(path, arguments, environment);
    dprintf(2, "%s", strerror(errno));
    _exit(127);
}

static int hook_start(const char *path, char **arguments, char **environment, struct hook *hook)
{
    int input[2], errors[2];
    if (pipe2(input, O_CLOEXEC) < 0)
        return -errno;
    if (pipe2(errors, O_CLOEXEC) < 0) {
        int error = errno;
        close(input[0]);
        close(input[1]);
        return -error;
    }
    hook->input = input[1];
    hook->errors = errors[0];
    hook->pid = fork();
    if (hook->pid == 0)
        hook_child(path, arguments, environment, input[0], errors[1]);
    int error = errno;
    close(input[0]);
    close(errors[1]);
    if (hook->pid < 0)
        return -error;
    fcntl(hook->input, F_SETFL, O_NONBLOCK);
    fcntl(hook->errors, F_SETFL, O_NONBLOCK);
    hook->pidfd = (int)syscall(SYS_pidfd_open, hook->pid, 0);
    return hook->pidfd < 0 ? -errno : 0;
}

static void hook_feed(struct hook *hook)
{
    ssize_t size = write(hook->input, hook->state + hook->written, hook->length - hook->written);
    if (size > 0)
        hook->written += (size_t)size;
    if (hook->written == hook->length || (size < 0 && errno != EAGAIN && errno != EINTR)) {
        close(hook->input);
        hook->input = NONE;
    }
}

/* Keeps the last bytes; false at the end. */
static bool hook_listen(struct hook *hook)
{
    char text[TAIL_BYTES];
    ssize_t size = read(hook->errors, text, sizeof text);
    if (size <= 0)
        return size < 0 && (errno == EAGAIN || errno == EINTR);
    size_t kept = sizeof hook->tail - (size_t)size;
    if (hook->tail_length > kept) {
        memmove(hook->tail, hook->tail + hook->tail_length - kept, kept);
        hook->tail_length = kept;
    }
    memcpy(hook->tail + hook->tail_length, text, (size_t)size);
    hook->tail_length += (size_t)size;
    return true;
}

/* Until the hook ends or its time is up; -ETIMEDOUT then. */
static int hook_wait(struct hook *hook, uint32_t timeout)
{
    uint64_t until = clock_ns(CLOCK_MONOTONIC) + (uint64_t)timeout * 1000000u;
    for (;;) {
        struct pollfd events[3] = {{.fd = hook->pidfd, .events = POLLIN},
                                   {.fd = hook->input, .events = POLLOUT},
                                   {.fd = hook->errors, .events = POLLIN}};
        uint64_t now = clock_ns(CLOCK_MONOTONIC);
        int left = timeout == 0 ? -1 : now >= until ? 0 : (int)((until - now) / 1000000u + 1);
        int ready = poll(events, 3, left);
        if (ready < 0 && errno != EINTR)
            return -errno;
        if (ready == 0)
            return -ETIMEDOUT;
        if (ready < 0)
            continue;
        if (events[1].revents != 0)
            hook_feed(hook);
        if (events[2].revents != 0 && !hook_listen(hook)) {
            close(hook->errors);
            hook->errors = NONE;
        }
        if (events[0].revents != 0)
            return 0;
    }
}

/* Runs the program to its end; 0 when it ends with 0. */
static int hook_run(struct launch *launch, const char *path, char **arguments, char **environment, struct hook *hook,
                    uint32_t timeout)
{
    int status = hook_start(path, arguments, environment, hook);
    if (status < 0)
        return fail(launch, status, "%s", path);
    status = hook_wait(hook, timeout);
    if (status < 0)
        kill(hook->pid, SIGKILL);
    int exit_status = 0;
    while (waitpid(hook->pid, &exit_status, 0) < 0 && errno == EINTR)
        ;
    if (status < 0)
        return fail(launch, status, "%s", path);
    while (hook->errors >= 0 && hook_listen(hook) && errno != EAGAIN)
        errno = 0;
    if (WIFEXITED(exit_status) && WEXITSTATUS(exit_status) == 0)
        return 0;
    int shown = WIFEXITED(exit_status) ? WEXITSTATUS(exit_status) : 128 + WTERMSIG(exit_status);
    return fail(launch, ECANCELED, "%s: exit status %d: %.*s", path, shown, (int)hook->tail_length, hook->tail);
}

int op_hook(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, HOOK__PATH);
    __attribute__((cleanup(hook_release))) struct hook hook = {.pidfd = NONE, .input = NONE, .errors = NONE};
    int status = make_state(launch, op, &hook);
    if (status < 0)
        return fail(launch, status, "%s", path);
    char **arguments = strings_vector(op_strs(op, HOOK__ARGS), 1);
    char **environment = strings_vector(op_strs(op, HOOK__ENV), 0);
    if (arguments != NULL && arguments[0] == NULL)
        arguments[0] = (char *)(uintptr_t)path;
    status = hook_run(launch, path, arguments, environment, &hook, op_u32(op, HOOK__TIMEOUT_MS));
    free(arguments);
    free(environment);
    return status;
}

int op_helper(struct launch *launch, const struct op *op)
{
    char pid[16];
    char *environment[] = {NULL};
    const char *path = op_str(op, HELPER__PATH);
    __attribute__((cleanup(hook_release))) struct hook hook = {.pidfd = NONE, .input = NONE, .errors = NONE};
    /* Two places more, which the program's name and the pid take. */
    char **arguments = strings_vector(op_strs(op, HELPER__ARGS), 2);
    if (arguments == NULL)
        return fail(launch, ENOMEM, "%s", path);
    size_t count = 0;
    while (arguments[count] != NULL)
        count++;
    memmove(arguments + 2, arguments, (count + 1) * sizeof *arguments);
    snprintf(pid, sizeof pid, "%d", launch->report->pid);
    arguments[0] = (char *)(uintptr_t)path;
    arguments[1] = pid;
    int status = hook_run(launch, path, arguments, environment, &hook, 0);
    free(arguments);
    return status;
}
