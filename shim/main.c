/*
 * shim launcher <socket>             serves launches until its standard input ends
 * shim run <plan file>               executes one plan for the caller
 * shim unpack <directory> [-]        tree operations on standard input become files; "-": a plan (u32 length, bytes)
 *                                    comes ahead of them, and the directory is one of the root that it leads to
 *                                    options: k(eep directories and other entries what they are), n(o sync at the end)
 * shim pack <plan file|-> [path]     files become tree operations on standard output
 * shim hold <pid of the caller>      does nothing until the caller ends
 * shim stat <plan file|-> <path>     what is at a path
 * shim changes <plan file|-> <dir>   what an overlay's upper directory changes of the root that the plan leads to
 * shim datagrams <socket>            messages on standard input become datagrams to a unix socket
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "shim.h"

/* <linux/memfd.h> of newer kernels; an older one answers EINVAL. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Back to what a program expects at its start. By the system call itself: the C library keeps signals 32 to 34 to itself,
 * and a caller may have ignored them all the same. */
void reset_signals(void)
{
    /* struct sigaction of the kernel, all zero: SIG_DFL, no flags, no restorer, an empty mask. */
    static const unsigned long standard[4];
    sigset_t none;
    for (int number = 1; number < 65; number++)
        if (number != SIGKILL && number != SIGSTOP)
            syscall(SYS_rt_sigaction, number, standard, NULL, 8);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Runs this program again from a sealed memory file: a container that reaches /proc/<pid>/exe can neither change the
 * program on disk nor this copy (CVE-2019-5736). 0: this is the copy.
 */
int become_sealed(char **argv)
{
    SCOPED_FD self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (self < 0)
        return -errno;
    if (fcntl(self, F_GET_SEALS) == SEALS)
        return 0;
    int memory = memfd_create("tiffin-shim", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (memory < 0 && errno == EINVAL)
        memory = memfd_create("tiffin-shim", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    SCOPED_FD copy = memory;
    struct stat status;
    if (copy < 0 || fstat(self, &status) < 0)
        return -errno;
    for (off_t left = status.st_size; left > 0;) {
        ssize_t size = syscall(SYS_sendfile, copy, self, NULL, (size_t)left);
        if (size <= 0)
            return size == 0 ? -EIO : -errno;
        left -= size;
    }
    if (fchmod(copy, 0500) < 0 || fcntl(copy, F_ADD_SEALS, SEALS) < 0)
        return -errno;
    syscall(SYS_execveat, copy, "", argv, environ, AT_EMPTY_PATH);
    return -errno;
}

int read_plan(const char *path, uint8_t **bytes, size_t *length)
{
    SCOPED_FD opened = strcmp(path, "-") == 0 ? dup(0) : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    size_t room = 65536;
    struct stat status;
    if (opened < 0)
        return -errno;
    if (fstat(opened, &status) == 0 && S_ISREG(status.st_mode) && status.st_size < LIMIT_PLAN_BYTES)
        room = (size_t)status.st_size + 1;
    *bytes = malloc(room);
    *length = 0;
    while (*bytes != NULL) {
        ssize_t size = read(opened, *bytes + *length, room - *length);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return size < 0 ? -errno : 0;
        *length += (size_t)size;
        if (*length > LIMIT_PLAN_BYTES)
            return -EFBIG;
        if (*length == room) {
            room *= 2;
            *bytes = realloc(*bytes, room);
        }
    }
    return -ENOMEM;
}

static int usage(void)
{
    dprintf(2, "usage: shim launcher SOCKET | run PLAN | hold PID | unpack DIRECTORY [-] [OPTIONS] | pack PLAN [PATH] | tar PLAN PATH NAME LATEST [LEFT-OUT…] | changes PLAN UPPER | stat PLAN PATH | datagrams SOCKET\n");
    return 2;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return usage();
    int status = become_sealed(argv);
    if (status < 0) {
        dprintf(2, "shim: sealed copy: %s\n", strerror(-status));
        return 1;
    }
    prctl(PR_SET_NAME, "tiffin-shim");
    /* Neither ptrace nor /proc/<pid>/fd for anybody who shares a namespace with a half-made container (CVE-2016-9962). */
    prctl(PR_SET_DUMPABLE, 0);
    if (strcmp(argv[1], "launcher") == 0)
        return launcher_main(argv[2]);
    if (strcmp(argv[1], "run") == 0)
        return run_main(argv[2]);
    if (strcmp(argv[1], "datagrams") == 0)
        return datagrams_main(argv[2]);
    if (strcmp(argv[1], "hold") == 0)
        return hold_main(argv[2]);
    if (strcmp(argv[1], "unpack") == 0)
        return unpack_main(argv[2], argv[3], argc > 4 ? argv[4] : "");
    if (strcmp(argv[1], "stat") == 0 && argc > 3)
        return stat_main(argv[2], argv[3]);
    if (strcmp(argv[1], "pack") == 0)
        return pack_main(argv[2], argc > 3 ? argv[3] : "/");
    if (strcmp(argv[1], "tar") == 0 && argc > 6)
        return tar_main(argv + 2);
    if (strcmp(argv[1], "changes") == 0 && argc > 3)
        return changes_main(argv[2], argv[3]);
    return usage();
}
