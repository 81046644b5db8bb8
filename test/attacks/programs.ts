/** C programs that try from within what a container must not be able to do. */

const EPERM = 1;
const EIO = 5;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

/** System calls with what the default filter must answer; `_word`: with bits set that the kernel does not look at. */
export const CALLS: readonly { name: string; call: string; errno: number }[] = [
  { name: 'af_alg', call: 'syscall(SYS_socket, 38, 5, 0)', errno: EAFNOSUPPORT },
  { name: 'af_alg_word', call: 'syscall(SYS_socket, 0x100000026UL, 5, 0)', errno: EAFNOSUPPORT },
  { name: 'vsock', call: 'syscall(SYS_socket, 40, 1, 0)', errno: EAFNOSUPPORT },
  { name: 'io_uring', call: 'syscall(425, 4, room)', errno: EPERM },
  { name: 'unshare_user', call: 'syscall(SYS_unshare, 0x10000000)', errno: EPERM },
  { name: 'clone_user', call: 'syscall(SYS_clone, 0x10000011UL, 0, 0, 0, 0)', errno: EPERM },
  { name: 'clone3', call: 'syscall(435, room, 88)', errno: ENOSYS },
  { name: 'setns', call: 'syscall(SYS_setns, 0, 0)', errno: EPERM },
  { name: 'keyctl', call: 'syscall(SYS_keyctl, 0, -3, 0, 0, 0)', errno: EPERM },
  { name: 'add_key', call: 'syscall(SYS_add_key, "user", "a", "b", 1, -3)', errno: EPERM },
  { name: 'bpf', call: 'syscall(SYS_bpf, 0, room, 72)', errno: EPERM },
  { name: 'perf', call: 'syscall(SYS_perf_event_open, room, 0, -1, -1, 0)', errno: EPERM },
  { name: 'userfaultfd', call: 'syscall(SYS_userfaultfd, 0)', errno: EPERM },
  { name: 'mount', call: 'syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, 0)', errno: EPERM },
  { name: 'open_by_handle', call: 'syscall(SYS_open_by_handle_at, 0, room, 0)', errno: EPERM },
  { name: 'kexec', call: 'syscall(SYS_kexec_load, 0, 0, 0, 0)', errno: EPERM },
  { name: 'tiocsti', call: 'syscall(SYS_ioctl, 0, 0x5412, "x")', errno: EIO },
  { name: 'tiocsti_word', call: 'syscall(SYS_ioctl, 0, 0x100005412UL, "x")', errno: EIO },
];

/** `probe fds|calls|keyring|overwrite MS|deep DIRECTORY LEVELS` */
export const PROBE = `
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char room[4096];

static void call(const char *name, long result)
{
    printf("%s %d\\n", name, result < 0 ? errno : 0);
    fflush(stdout);
}

static int fds(void)
{
    const char *between = "";
    for (int fd = 0; fd < 65536; fd++)
        if (fcntl(fd, F_GETFD) >= 0) {
            printf("%s%d", between, fd);
            between = " ";
        }
    printf("\\n");
    return 0;
}

/* Opens the program of every process for writing, and each of its descriptors, over and over. */
static int overwrite(int milliseconds)
{
    struct timespec from, now;
    char path[320];
    int written = 0;
    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        DIR *all = opendir("/proc");
        struct dirent *entry;
        while (all != NULL && (entry = readdir(all)) != NULL) {
            if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || atoi(entry->d_name) == getpid())
                continue;
            snprintf(path, sizeof path, "/proc/%s/exe", entry->d_name);
            char link[64] = "";
            if (readlink(path, link, sizeof link - 1) < 0 || strncmp(link, "/memfd:", 7) != 0)
                continue;
            int fd = open(path, O_WRONLY);
            if (fd >= 0 && write(fd, "#!", 2) > 0)
                written++;
            if (fd >= 0)
                close(fd);
        }
        if (all != NULL)
            closedir(all);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1000000 < milliseconds);
    printf("written %d\\n", written);
    return 0;
}

static int deep(const char *directory, int levels)
{
    char name[201];
    memset(name, 'd', 200);
    name[200] = 0;
    if (chdir(directory) < 0)
        return 1;
    for (int i = 0; i < levels; i++)
        if (mkdir(name, 0777) < 0 || chdir(name) < 0)
            return 2;
    return 0;
}

int main(int count, char **words)
{
    const char *what = count > 1 ? words[1] : "";
    if (strcmp(what, "fds") == 0)
        return fds();
    if (strcmp(what, "overwrite") == 0)
        return overwrite(atoi(words[2]));
    if (strcmp(what, "deep") == 0)
        return deep(words[2], atoi(words[3]));
    if (strcmp(what, "keyring") == 0) {
        printf("%ld\\n", syscall(SYS_keyctl, 0, -3, 0, 0, 0));
        return 0;
    }
${CALLS.map(({ name, call }) => `    call("${name}", ${call});`).join('\n')}
    return 0;
}
`;

/** `racer DIRECTORY A B`: exchanges two names with renameat2(2), until it is killed. */
export const RACER = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **words)
{
    int directory = open(words[1], O_RDONLY | O_DIRECTORY);
    if (count != 4 || directory < 0)
        return 1;
    puts("racing");
    fflush(stdout);
    for (;;)
        syscall(SYS_renameat2, directory, words[2], directory, words[3], 2);
}
`;
