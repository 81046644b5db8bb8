// Loads the eBPF program on standard input and attaches it to the v2 cgroup directory that is the first argument.

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char log_text[65536];

int main(int argc, char **argv)
{
    static struct bpf_insn program[4096];
    ssize_t size = read(0, program, sizeof program);
    int cgroup = argc > 1 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;
    if (size <= 0 || cgroup < 0)
        return 2;
    union bpf_attr load = {
        .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
        .insns = (uintptr_t)program,
        .insn_cnt = (uint32_t)size / sizeof program[0],
        .license = (uintptr_t) "Apache",
        .log_level = 1,
        .log_size = sizeof log_text,
        .log_buf = (uintptr_t)log_text,
    };
    int loaded = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
    if (loaded < 0) {
        fprintf(stderr, "load: %s\n%s", strerror(errno), log_text);
        return 1;
    }
    union bpf_attr attach = {
        .target_fd = (uint32_t)cgroup,
        .attach_bpf_fd = (uint32_t)loaded,
        .attach_type = BPF_CGROUP_DEVICE,
    };
    if (syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach) < 0) {
        perror("attach");
        return 1;
    }
    return 0;
}
