/* Emptying and removing cgroups; device programs. */
#include <dirent.h>
#include <linux/bpf.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "shim.h"

#define DEPTH_MAX 64
#define ROUNDS_MAX 64
#define DIED_MAX 256
/* The kernel's BPF_CGROUP_MAX_PROGS. */
#define PROGRAMS_MAX 64
/* How long a killed process may take: it has no say, but the kernel may be busy with it. */
#define EMPTIED_NS 10000000000u

static void write_below(int directory, const char *name, const char *value)
{
    SCOPED_FD fd = openat(directory, name, O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, value, strlen(value)) < 0)
        return;
}

/* Kills the processes listed and waits for the end of those it could hold on to; how many there were. */
static int kill_listed(int directory)
{
    struct pollfd held[DIED_MAX];
    unsigned held_count = 0;
    int killed = 0, listing = openat(directory, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    FILE *file = listing < 0 ? NULL : fdopen(listing, "re");
    if (file == NULL)
        return 0;
    char line[32];
    while (fgets(line, sizeof line, file) != NULL) {
        int pid = atoi(line);
        if (pid <= 0 || pid == getpid())
            continue;
        int fd = (int)syscall(SYS_pidfd_open, pid, 0);
        if (fd < 0)
            continue;
        killed++;
        syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
        if (held_count < DIED_MAX)
            held[held_count++] = (struct pollfd){.fd = fd, .events = POLLIN};
        else
            close(fd);
    }
    fclose(file);
    for (unsigned i = 0; i < held_count; i++) {
        while (poll(&held[i], 1, 5000) < 0 && errno == EINTR)
            ;
        close(held[i].fd);
    }
    return killed;
}

/* v2 tells when its last process is gone: 1. 0: there is nothing to tell it, as in v1. -1: not within the time. */
static int wait_emptied(int directory)
{
    char text[256];
    SCOPED_FD events = openat(directory, "cgroup.events", O_RDONLY | O_CLOEXEC);
    if (events < 0)
        return 0;
    uint64_t now, until = clock_ns(CLOCK_MONOTONIC) + EMPTIED_NS;
    while ((now = clock_ns(CLOCK_MONOTONIC)) < until) {
        struct pollfd changed = {.fd = events, .events = POLLPRI};
        ssize_t length = pread(events, text, sizeof text - 1, 0);
        if (length < 0)
            return 0;
        text[length] = 0;
        if (strstr(text, "populated 0") != NULL)
            return 1;
        if (poll(&changed, 1, (int)((until - now) / 1000000u + 1)) < 0 && errno != EINTR)
            return 0;
    }
    return -1;
}

static int remove_tree(int parent, const char *name, int depth);

static int remove_children(int directory, int depth)
{
    int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy < 0 ? NULL : fdopendir(copy);
    int status = 0;
    if (listing == NULL)
        return 0;
    struct dirent *entry;
    while ((entry = readdir(listing)) != NULL)
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
            int child = remove_tree(directory, entry->d_name, depth + 1);
            status = status == 0 ? child : status;
        }
    closedir(listing);
    return status;
}

static int remove_tree(int parent, const char *name, int depth)
{
    if (depth > DEPTH_MAX)
        return -ELOOP;
    /* Most are empty by now; children and processes are looked for only when the kernel says so. */
    if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    SCOPED_FD directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0)
        return errno == ENOENT ? 0 : -errno;
    write_below(directory, "cgroup.kill", "1");
    /* A frozen process of v1 dies only after thawing. */
    write_below(directory, "freezer.state", "THAWED");
    int status = remove_children(directory, depth);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        int killed = kill_listed(directory);
        if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return 0;
        status = -errno;
        if (errno != EBUSY)
            break;
        int emptied = wait_emptied(directory);
        if (emptied < 0)
            break;
        /* In v1 exiting tasks leave no list but count until they are gone: give way to them, longer each time. */
        if (emptied == 0 && killed == 0)
            poll(NULL, 0, round < 8 ? 1 : 10);
    }
    return status;
}

int op_remove_cgroup(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, REMOVE_CGROUP__PATH);
    int status = remove_tree(AT_FDCWD, path, 0);
    return status < 0 ? fail(launch, status, "%s", path) : 0;
}

static unsigned attached_programs(int cgroup, uint32_t *ids, unsigned room)
{
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.query.target_fd = (uint32_t)cgroup;
    attributes.query.attach_type = BPF_CGROUP_DEVICE;
    attributes.query.prog_ids = (uint64_t)(uintptr_t)ids;
    attributes.query.prog_cnt = room;
    long status = syscall(SYS_bpf, BPF_PROG_QUERY, &attributes, sizeof attributes);
    return status < 0 ? 0 : attributes.query.prog_cnt;
}

static int open_program(uint32_t id)
{
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_id = id;
    return (int)syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attributes, sizeof attributes);
}

static int detach_program(int cgroup, uint32_t id)
{
    union bpf_attr attributes;
    SCOPED_FD program = open_program(id);
    if (program < 0)
        return errno == ENOENT ? 0 : -errno;
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)cgroup;
    attributes.attach_bpf_fd = (uint32_t)program;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    return syscall(SYS_bpf, BPF_PROG_DETACH, &attributes, sizeof attributes) < 0 ? -errno : 0;
}

int op_device_filter(struct launch *launch, const struct op *op)
{
    const char *path = op_str(op, DEVICE_FILTER__CGROUP);
    const struct value *program = &op->field[DEVICE_FILTER__PROGRAM];
    SCOPED_FD cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (cgroup < 0)
        return fail(launch, errno, "%s", path);
    struct bpf_insn *code = malloc(program->length + 1u);
    if (code == NULL)
        return fail(launch, ENOMEM, "%s", path);
    memcpy(code, program->at, program->length);
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = (uint64_t)(uintptr_t)code;
    attributes.insn_cnt = program->length / sizeof *code;
    attributes.license = (uint64_t)(uintptr_t) "Apache-2.0";
    SCOPED_FD loaded = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
    int error = errno;
    free(code);
    if (loaded < 0)
        return fail(launch, error, "device program");
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (uint32_t)cgroup;
    attributes.attach_bpf_fd = (uint32_t)loaded;
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    uint32_t older[PROGRAMS_MAX];
    unsigned count = attached_programs(cgroup, older, PROGRAMS_MAX);
    SCOPED_FD replaced = count == 1 ? open_program(older[0]) : NONE;
    if (replaced >= 0) {
        /* In one step, so that no access is judged by both. */
        attributes.attach_flags |= BPF_F_REPLACE;
        attributes.replace_bpf_fd = (uint32_t)replaced;
        if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof attributes) == 0)
            return 0;
        attributes.attach_flags = BPF_F_ALLOW_MULTI;
        attributes.replace_bpf_fd = 0;
    }
    if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attributes, sizeof attributes) < 0)
        return fail(launch, errno, "%s", path);
    /* All attached programs must agree, so an update takes effect when the older ones are gone; there is always one. */
    for (unsigned i = 0; i < count; i++) {
        int status = detach_program(cgroup, older[i]);
        if (status < 0)
            return fail(launch, -status, "%s", path);
    }
    return 0;
}
