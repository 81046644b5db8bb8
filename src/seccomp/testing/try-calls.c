// Loads the filter on standard input into itself and makes the calls given as arguments, "NUMBER,ARGUMENT,ARGUMENT";
// writes the errno of each in a line, 0 for success.

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static struct sock_filter filter[4096];
    ssize_t size = 0, more;
    while ((more = read(0, (char *)filter + size, sizeof filter - (size_t)size)) > 0)
        size += more;
    struct sock_fprog program = {.len = (unsigned short)((size_t)size / sizeof filter[0]), .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
        perror("seccomp");
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        unsigned long long number, first = 0, second = 0;
        if (sscanf(argv[i], "%llu,%llu,%llu", &number, &first, &second) < 1)
            return 2;
        long result = syscall((long)number, first, second, 0, 0, 0, 0);
        printf("%d\n", result < 0 ? errno : 0);
    }
    return 0;
}
