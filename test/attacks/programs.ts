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

/** `probe fds|calls|keyring|int80|x32|overwrite MS|watch MS|deep DIRECTORY LEVELS` */
export const PROBE = `
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

static long milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A program once held is opened again, after it may have ended, and written to: 1 when that worked. */
static int rewrite(int held)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", held);
    int fd = open(path, O_WRONLY);
    int done = fd >= 0 && write(fd, "#!", 2) == 2;
    if (fd >= 0)
        close(fd);
    return done;
}

/* The same attack on a program that nothing protects: 1 shows that it is a working one. */
static int control(void)
{
    int copy = syscall(SYS_memfd_create, "control", 0), own = open("/proc/self/exe", O_RDONLY), status;
    char path[64], block[65536];
    ssize_t size;
    while ((size = read(own, block, sizeof block)) > 0)
        if (write(copy, block, (size_t)size) != size)
            return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", copy);
    int held = open(path, O_PATH);
    close(own);
    pid_t child = fork();
    if (child == 0) {
        char *words[] = {"probe", "nothing", NULL};
        int reader = open(path, O_RDONLY | O_CLOEXEC);
        close(copy);
        syscall(SYS_execveat, reader, "", words, NULL, 0x1000);
        _exit(1);
    }
    close(copy);
    waitpid(child, &status, 0);
    return status == 0 && rewrite(held);
}

/* Takes hold of every program that is not of this root, and writes to it over and over. */
static int overwrite(int time)
{
    static int held[512];
    int count = 0, written = 0, works = control();
    long until = milliseconds() + time;
    do {
        DIR *all = opendir("/proc");
        struct dirent *entry;
        while (all != NULL && (entry = readdir(all)) != NULL) {
            char path[320], link[320] = "";
            struct stat there, here;
            snprintf(path, sizeof path, "/proc/%s/exe", entry->d_name);
            if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || count == 512)
                continue;
            int fd = open(path, O_PATH);
            if (fd < 0)
                continue;
            if (readlink(path, link, sizeof link - 1) < 0 || fstat(fd, &there) < 0 ||
                (stat(link, &here) == 0 && here.st_ino == there.st_ino && here.st_dev == there.st_dev)) {
                close(fd);
                continue;
            }
            held[count++] = fd;
        }
        if (all != NULL)
            closedir(all);
        for (int i = count > 16 ? count - 16 : 0; i < count; i++)
            written += rewrite(held[i]);
    } while (milliseconds() < until);
    for (int i = 0; i < count; i++)
        written += rewrite(held[i]);
    printf("control %d held %d written %d\\n", works, count > 0, written);
    return 0;
}

/* Whether the process has not yet become what it is to run. */
static int joining(const char *pid)
{
    char path[320], name[17] = "";
    snprintf(path, sizeof path, "/proc/%s/comm", pid);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return 0;
    int found = read(fd, name, sizeof name - 1) > 0 && strncmp(name, "tiffin-", 7) == 0 &&
                strncmp(name, "tiffin-init", 11) != 0;
    close(fd);
    return found;
}

/* Looks at everybody who joins, before the program is there: descriptors, memory, trace (CVE-2016-9962). */
static int watch(int time)
{
    int met = 0, reached = 0;
    long until = milliseconds() + time;
    do {
        DIR *all = opendir("/proc");
        struct dirent *entry;
        while (all != NULL && (entry = readdir(all)) != NULL) {
            char path[320], link[320];
            if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || !joining(entry->d_name))
                continue;
            met++;
            int got = 0;
            for (int i = 0; i < 12 && !got; i++) {
                snprintf(path, sizeof path, "/proc/%s/fd/%d", entry->d_name, i);
                got = readlink(path, link, sizeof link) >= 0;
            }
            static const char *const NAMES[] = {"mem", "cwd", "root", "environ"};
            for (int i = 0; i < 4 && !got; i++) {
                snprintf(path, sizeof path, "/proc/%s/%s", entry->d_name, NAMES[i]);
                int fd = open(path, O_RDONLY);
                got = fd >= 0;
                if (fd >= 0)
                    close(fd);
            }
            if (!got && ptrace(PTRACE_SEIZE, atoi(entry->d_name), 0, 0) == 0) {
                got = 1;
                ptrace(PTRACE_DETACH, atoi(entry->d_name), 0, 0);
            }
            reached += got && joining(entry->d_name);
        }
        if (all != NULL)
            closedir(all);
    } while (milliseconds() < until);
    printf("met %d reached %d\\n", met > 0, reached > 0);
    return 0;
}

#if defined(__x86_64__)
/* socketcall(SYS_SOCKET, {family, type, 0}) as a 32-bit program makes it. */
static long old_socket(unsigned family)
{
    unsigned *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    long result;
    words[0] = family;
    words[1] = 2;
    words[2] = 0;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(102L), "b"(1L), "c"(words) : "memory", "r8", "r9", "r10", "r11");
    errno = (int)-(int)result;
    return (int)result < 0 ? -1 : result;
}
#endif

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
    if (strcmp(what, "watch") == 0)
        return watch(atoi(words[2]));
    if (strcmp(what, "nothing") == 0)
        return 0;
#if defined(__x86_64__)
    if (strcmp(what, "int80") == 0) {
        call("socketcall", old_socket(38));
        return 0;
    }
    if (strcmp(what, "x32") == 0) {
        call("getpid", syscall(0x40000000L + SYS_getpid));
        return 0;
    }
#endif
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
