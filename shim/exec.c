/* The last step: execve, and on failure what exactly was missing. */
#include <elf.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "shim.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Every descriptor but the preserved ones closes at exec, also those nobody here knows of (CVE-2024-21626). */
void seal_descriptors(struct launch *launch)
{
    if (launch->sealed)
        return;
    unsigned first = 3 + launch->supervise.preserve;
    if (syscall(SYS_close_range, first, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
        launch->sealed = true;
}

static const char *environment_value(char *const *environment, const char *name)
{
    size_t length = strlen(name);
    for (; *environment != NULL; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

static const char *machine_name(unsigned machine)
{
    static const struct {
        unsigned number;
        const char *name;
    } MACHINES[] = {{EM_X86_64, "x86-64"}, {EM_386, "i386"},    {EM_AARCH64, "aarch64"}, {EM_ARM, "arm"},
                    {EM_PPC64, "ppc64"},   {EM_S390, "s390x"}, {EM_RISCV, "riscv64"},   {EM_MIPS, "mips"}};
    for (unsigned i = 0; i < sizeof MACHINES / sizeof *MACHINES; i++)
        if (MACHINES[i].number == machine)
            return MACHINES[i].name;
    return "unknown machine";
}

/* The interpreter that an ELF program asks for; "" if none. */
static void elf_interpreter(int fd, const Elf64_Ehdr *head, char *name, size_t size)
{
    Elf64_Phdr segment;
    name[0] = 0;
    for (unsigned i = 0; i < head->e_phnum && i < 128; i++) {
        off_t at = (off_t)(head->e_phoff + (uint64_t)i * head->e_phentsize);
        if (pread(fd, &segment, sizeof segment, at) != sizeof segment)
            return;
        if (segment.p_type != PT_INTERP)
            continue;
        size_t length = segment.p_filesz < size ? (size_t)segment.p_filesz : size - 1;
        ssize_t got = pread(fd, name, length, (off_t)segment.p_offset);
        name[got > 0 ? got : 0] = 0;
        return;
    }
}

static void script_interpreter(char *text, char *name, size_t size)
{
    text += 2 + strspn(text + 2, " \t");
    // A carriage return belongs to the name, as for the kernel: it is why the interpreter is not found.
    text[strcspn(text, " \t\n")] = 0;
    snprintf(name, size, "%s", text);
}

/* Says more than the errno of execve does: which interpreter is missing, which machine a program is for. */
static int explain(struct launch *launch, const char *path, int error)
{
    union {
        Elf64_Ehdr elf;
        char text[257];
    } head;
    char interpreter[256] = "";
    SCOPED_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    memset(&head, 0, sizeof head);
    if (fd < 0 || pread(fd, head.text, sizeof head.text - 1, 0) <= 0)
        return fail(launch, error, error == ENOEXEC ? "format %s" : "%s", path);
    bool elf = memcmp(head.elf.e_ident, ELFMAG, SELFMAG) == 0;
    bool wide = head.elf.e_ident[EI_CLASS] == ELFCLASS64;
    if (error == ENOEXEC && elf)
        return fail(launch, error, "format %s %s", machine_name(head.elf.e_machine), path);
    if (error == ENOEXEC)
        return fail(launch, error, "format %s", path);
    if (elf && wide)
        elf_interpreter(fd, &head.elf, interpreter, sizeof interpreter);
    else if (memcmp(head.text, "#!", 2) == 0)
        script_interpreter(head.text, interpreter, sizeof interpreter);
    if ((error == ENOENT || error == EACCES || error == ELIBBAD) && interpreter[0] != 0 && access(path, X_OK) == 0)
        return fail(launch, error, "interpreter %s %s", interpreter, path);
    return fail(launch, error, "%s", path);
}

/* Tries one place; an errno when it cannot run there. `probe`: only looks, 0 when it could. */
static int try_program(const char *path, char **arguments, char **environment, bool probe)
{
    struct stat status;
    if (probe) {
        if (stat(path, &status) < 0)
            return errno;
        if (S_ISDIR(status.st_mode))
            return EISDIR;
        return access(path, X_OK) < 0 ? errno : 0;
    }
    execve(path, arguments, environment);
    int error = errno;
    if (error == EACCES && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return EISDIR;
    return error;
}

static int search(struct launch *launch, char **arguments, char **environment, bool probe)
{
    char place[PATH_BYTES], kept[PATH_BYTES];
    const char *path = environment_value(environment, "PATH"), *name = arguments[0];
    int error = ENOENT;
    if (path == NULL)
        path = DEFAULT_PATH;
    snprintf(kept, sizeof kept, "%s", name);
    for (;;) {
        size_t length = strcspn(path, ":");
        const char *slash = length == 0 || path[length - 1] == '/' ? "" : "/";
        int size = snprintf(place, sizeof place, "%.*s%s%s", (int)length, path, slash, name);
        if (size > 0 && (size_t)size < sizeof place) {
            int now = try_program(place, arguments, environment, probe);
            if (now == 0)
                return 0;
            bool absent = now == ENOENT && access(place, F_OK) < 0;
            if (!absent && now != ENOTDIR && now != EISDIR && error == ENOENT) {
                error = now;
                strcpy(kept, place);
                if (now != EACCES)
                    break;
            }
        }
        if (path[length] == 0)
            break;
        path += length + 1;
    }
    return explain(launch, kept, error);
}

int op_find_program(struct launch *launch, const struct op *op)
{
    char **arguments = strings_vector(op_strs(op, FIND_PROGRAM__ARGS), 0);
    char **environment = strings_vector(op_strs(op, FIND_PROGRAM__ENV), 0);
    if (arguments == NULL || environment == NULL)
        return fail(launch, ENOMEM, "arguments");
    if (arguments[0] == NULL || arguments[0][0] == 0)
        return fail(launch, ENOENT, "empty program name");
    if (strchr(arguments[0], '/') == NULL)
        return search(launch, arguments, environment, true);
    int error = try_program(arguments[0], arguments, environment, true);
    return error == 0 ? 0 : explain(launch, arguments[0], error);
}

int op_exec(struct launch *launch, const struct op *op)
{
    char home[PATH_BYTES + 8];
    char **arguments = strings_vector(op_strs(op, EXEC__ARGS), 0);
    char **environment = strings_vector(op_strs(op, EXEC__ENV), 1);
    if (arguments == NULL || environment == NULL)
        return fail(launch, ENOMEM, "arguments");
    if (arguments[0] == NULL || arguments[0][0] == 0)
        return fail(launch, ENOENT, "empty program name");
    if (op_u32(op, EXEC__HOME) != 0 && environment_value(environment, "HOME") == NULL) {
        snprintf(home, sizeof home, "HOME=%s", launch->has_identity ? launch->identity.home : "/");
        environment[op->field[EXEC__ENV].count] = home;
    }
    if (!launch->umask_given)
        umask(022);
    seal_descriptors(launch);
    if (!launch->sealed)
        return fail(launch, EPERM, "close_range");
    prctl(PR_SET_PDEATHSIG, 0);
    atomic_store(&launch->report->reached, 1);
    if (strchr(arguments[0], '/') == NULL)
        return search(launch, arguments, environment, false);
    int error = try_program(arguments[0], arguments, environment, false);
    return explain(launch, arguments[0], error);
}
