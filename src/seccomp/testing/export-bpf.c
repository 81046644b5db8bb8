// Builds a filter with libseccomp from lines on standard input and writes its BPF to standard output.
//
//   default ACTION
//   optimize LEVEL
//   native NAME
//   arch NAME
//   rule ACTION NAME COUNT [INDEX OP A B]...

#include <errno.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int result, const char *what)
{
    if (result == 0 || result == -EEXIST)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(-result));
    exit(1);
}

static void add_rule(scmp_filter_ctx context, const char *line)
{
    uint32_t action;
    char name[64];
    unsigned count;
    int used;
    if (sscanf(line, "rule %" SCNu32 " %63s %u%n", &action, name, &count, &used) != 3 || count > 6)
        exit(2);
    struct scmp_arg_cmp args[6];
    for (unsigned i = 0; i < count; i++) {
        unsigned op;
        int more;
        line += used;
        if (sscanf(line, " %u %u %" SCNu64 " %" SCNu64 "%n", &args[i].arg, &op, &args[i].datum_a,
                   &args[i].datum_b, &more) != 4)
            exit(2);
        args[i].op = op;
        used = more;
    }
    int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR)
        return;
    check(seccomp_rule_add_array(context, action, number, count, args), name);
}

int main(void)
{
    scmp_filter_ctx context = NULL;
    char line[1024];
    while (fgets(line, sizeof line, stdin)) {
        char name[64];
        uint32_t value;
        if (sscanf(line, "default %" SCNu32, &value) == 1) {
            context = seccomp_init(value);
            check(seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "bad arch");
        } else if (sscanf(line, "optimize %" SCNu32, &value) == 1) {
            check(seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, value), "optimize");
        } else if (sscanf(line, "native %63s", name) == 1) {
            uint32_t native = seccomp_arch_resolve_name(name);
            if (native != seccomp_arch_native()) {
                check(seccomp_arch_remove(context, SCMP_ARCH_NATIVE), "native");
                check(seccomp_arch_add(context, native), name);
            }
        } else if (sscanf(line, "arch %63s", name) == 1) {
            check(seccomp_arch_add(context, seccomp_arch_resolve_name(name)), name);
        } else {
            add_rule(context, line);
        }
    }
    check(seccomp_export_bpf(context, 1), "export");
    return 0;
}
