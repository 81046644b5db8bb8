/* The filter of system calls, and the hand-over of its listener: seccomp(2), seccomp_unotify(2). */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "shim.h"

/*
 * A thread that the filter does not bind, as it was started before: it hands the listener over, so that a filter may notify of
 * any call, those of the hand-over too. It ends before the program runs; it shares the descriptors, so it closes them.
 */
struct courier {
    pthread_t thread;
    bool running;
    int socket;
    const char *path; /* of that socket */
    const char *state;
    _Atomic int notify; /* the listener; NONE: not there yet, REFUSED: never */
    _Atomic int status; /* of the hand-over; 1: not yet */
};

#define REFUSED (-2)

/* The parts of `state` with the process's pid between them; execve frees it. NULL: no memory. */
static char *process_state(const struct launch *launch, const struct op *op)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", launch->report->pid);
    const struct value *state = &op->field[SECCOMP__STATE];
    char *text = calloc(1, state->length + state->count * sizeof pid + 1);
    struct strings parts = op_strs(op, SECCOMP__STATE);
    const char *part;
    char *end = text;
    for (bool first = true; text != NULL && (part = strings_next(&parts)) != NULL; first = false)
        end = stpcpy(first ? end : stpcpy(end, pid), part);
    return text;
}

static int hand_over(struct courier *courier, int notify)
{
    int status = send_fds(courier->socket, courier->state, strlen(courier->state), &notify, 1);
    close(notify);
    /* Whoever reads to the end of the message need not wait for the program. */
    close(courier->socket);
    return status;
}

static void *run_courier(void *argument)
{
    struct courier *courier = argument;
    int notify;
    while ((notify = atomic_load(&courier->notify)) == NONE)
        sched_yield();
    if (notify != REFUSED)
        atomic_store(&courier->status, hand_over(courier, notify));
    return NULL;
}

/* Where no thread can be had, as under a limit of one process, this one hands over itself. */
static int deliver(struct courier *courier, int notify)
{
    if (!courier->running)
        return hand_over(courier, notify);
    atomic_store(&courier->notify, notify);
    /* Any call that waits may be one that nobody can answer yet. */
    int status;
    do
        status = atomic_load(&courier->status);
    while (status > 0);
    return status;
}

static int load_filter(struct launch *launch, struct sock_fprog *program, uint32_t flags, struct courier *courier)
{
    if (courier == NULL)
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program) < 0 ? fail(launch, errno, "seccomp") : 0;
    courier->running = pthread_create(&courier->thread, NULL, run_courier, courier) == 0;
    long notify = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, program);
    int error = errno;
    if (notify >= 0) {
        launch->listener_socket = NONE;
        int status = deliver(courier, (int)notify);
        return status < 0 ? fail(launch, status, "%s", courier->path) : 0;
    }
    atomic_store(&courier->notify, REFUSED);
    if (courier->running)
        pthread_join(courier->thread, NULL);
    return fail(launch, error, "seccomp");
}

int op_seccomp(struct launch *launch, const struct op *op)
{
    const struct value *filter = &op->field[SECCOMP__FILTER];
    const char *listener = op_str(op, SECCOMP__LISTENER);
    size_t count = filter->length / sizeof(struct sock_filter);
    if (filter->length % sizeof(struct sock_filter) != 0 || count == 0 || count > BPF_MAXINSNS)
        return fail(launch, EINVAL, "filter of %u bytes", filter->length);
    struct sock_filter *code = malloc(filter->length);
    char *state = process_state(launch, op);
    if (code == NULL || state == NULL)
        return fail(launch, ENOMEM, "filter");
    memcpy(code, filter->at, filter->length);
    struct sock_fprog program = {.len = (unsigned short)count, .filter = code};
    /* The filter may forbid what the rest of the start needs; what can be done ahead is done here. */
    seal_descriptors(launch);
    if (*listener == 0)
        return load_filter(launch, &program, op_u32(op, SECCOMP__FLAGS), NULL);
    struct courier courier = {
        .socket = launch->listener_socket, .path = listener, .state = state, .notify = NONE, .status = 1};
    return load_filter(launch, &program, op_u32(op, SECCOMP__FLAGS), &courier);
}
