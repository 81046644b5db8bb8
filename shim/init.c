/* A pid 1 for programs that are none: reaps orphans, forwards signals, ends with its child's status. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "shim.h"

static _Noreturn void init_main(pid_t child, const sigset_t *all)
{
    siginfo_t info;
    int status;
    for (;;) {
        int number = sigwaitinfo(all, &info);
        if (number < 0)
            continue;
        if (number != SIGCHLD) {
            kill(child, number);
            continue;
        }
        pid_t pid;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
            if (pid != child)
                continue;
            _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
        }
    }
}

int op_init(struct launch *launch, UNUSED const struct op *op)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &all, NULL);
    pid_t child = fork();
    if (child < 0)
        return fail(launch, errno, "fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sigprocmask(SIG_SETMASK, &none, NULL);
        /* In a group of its own, and in front of the terminal if there is one. */
        setpgid(0, 0);
        tcsetpgrp(0, getpid());
        return 0;
    }
    prctl(PR_SET_PDEATHSIG, 0);
    /* The end of the sync socket must mean that the child runs its program. */
    syscall(SYS_close_range, 3, ~0u, 0);
    prctl(PR_SET_NAME, "tiffin-init");
    init_main(child, &all);
}
