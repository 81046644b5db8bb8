/* A container's process that another program makes, such as CRIU: PR_SET_CHILD_SUBREAPER(2const). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "shim.h"

static int run_program(struct launch *launch, const struct op *op)
{
    char **arguments = strings_vector(op_strs(op, ADOPT__ARGS), 0), **environment = strings_vector(op_strs(op, ADOPT__ENV), 0);
    if (arguments == NULL || environment == NULL || arguments[0] == NULL)
        return fail(launch, EINVAL, "program");
    int status, pid = fork();
    if (pid < 0)
        return fail(launch, errno, "fork");
    if (pid == 0) {
        reset_signals();
        execve(arguments[0], arguments, environment);
        _exit(127);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return fail(launch, errno, "%s", arguments[0]);
    int failed = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : fail(launch, ECANCELED, "%s", arguments[0]);
    free(arguments);
    free(environment);
    return failed;
}

/* A number in decimal, with or without a line feed; 0: none. */
static int read_pid(const char *path)
{
    char text[16];
    SCOPED_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[length < 0 ? 0 : length] = 0;
    return atoi(text);
}

static bool in_cgroup(const char *directory, int pid)
{
    char path[PATH_BYTES], line[32];
    snprintf(path, sizeof path, "%s/cgroup.procs", directory);
    FILE *file = fopen(path, "re");
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
        found = atoi(line) == pid;
    if (file != NULL)
        fclose(file);
    return found;
}

int op_adopt(struct launch *launch, const struct op *op)
{
    const char *file = op_str(op, ADOPT__PID_FILE), *cgroup = op_str(op, ADOPT__CGROUP);
    siginfo_t info;
    /* What the program leaves behind becomes this process's, not init's. */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return fail(launch, errno, "subreaper");
    int status = run_program(launch, op);
    if (status < 0)
        return status;
    int pid = read_pid(file);
    unlink(file);
    if (pid <= 0 || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
        return fail(launch, ESRCH, "%s", file);
    launch->pid = launch->report->pid = pid;
    launch->has_clone = launch->adopted = true;
    launch->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (launch->pidfd < 0)
        return fail(launch, errno, "pidfd");
    /* Outside of it no limit would hold; the launch ends the process then. */
    return *cgroup == 0 || in_cgroup(cgroup, pid) ? 0 : fail(launch, EXDEV, "%s", cgroup);
}
