/* What every file of the shim shares: the launch, its report, and the helpers that keep descriptors from leaking. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "decode.h"

#define DETAIL_BYTES 512
#define PATH_BYTES 4096
#define NONE (-1)

/* Closes a descriptor when its variable leaves scope. */
static inline void close_scoped(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define SCOPED_FD __attribute__((cleanup(close_scoped))) int
#define UNUSED __attribute__((unused))
#define PRINTF(text, first) __attribute__((format(printf, text, first)))

/* What a launch's processes write for each other, in shared memory. The first failure stays. */
struct report {
    _Atomic uint32_t failed;
    /* 1: the child reached exec (or its gate); the end of the sync socket then means success. */
    _Atomic uint32_t reached;
    _Atomic uint32_t current;
    uint32_t stage;
    uint32_t op;
    int32_t error;
    /* The container's pid as the launching process sees it, written by clone3 itself. */
    int32_t pid;
    char detail[DETAIL_BYTES];
    uint32_t nanoseconds[LIMIT_PLAN_OPS];
};

/* The operands of `supervise`. */
struct supervise {
    bool given;
    uint32_t mode, log_max_files, stdin_mode, terminal, rows, columns, preserve;
    uint64_t log_max_bytes;
    const char *directory;
    const char *log;
};

/* What `user` found. */
struct identity {
    uid_t uid;
    gid_t gid;
    gid_t *groups;
    size_t group_count;
    char home[PATH_BYTES];
};

/* A held list of descriptors, such as reserved ports. */
struct capture {
    char name[64];
    uint32_t length;
    char *data;
};
#define CAPTURES_MAX 32

enum process_kind { LAUNCHING, ENTERING, CHILD };

struct launch {
    struct plan plan;
    struct report *report;
    enum process_kind kind;
    /* The plan's first failing operation writes the operand that failed here. */
    char detail[DETAIL_BYTES];
    uint32_t index; /* of the op being executed */
    struct supervise supervise;
    uint32_t stream_uid, stream_gid; /* of the pipes that the child gets */
    struct strings on_failure;

    /* clone */
    bool has_clone;
    bool adopted; /* the container's process is there without a clone */
    uint32_t clone_index;
    uint64_t clone_flags;
    const char *clone_cgroup;
    int cgroup; /* that directory, opened */
    /* A cgroup namespace that the child joins, not the enter process: a hierarchy that is mounted with nsdelegate, as systemd
     * does it, takes no clone into a cgroup from a process whose own is not below its namespace's top (ENOENT). */
    int cgroup_namespace;
    bool user_namespace; /* the child lives in another user namespace than the launching process */
    int pid;
    int pidfd;

    int sync;       /* this process's end of the socket pair */
    int child_sync; /* the child's end, until it is the child's */
    uint32_t tokens_seen[8];
    uint32_t token_count;
    bool gate_reached;
    bool gate_opened; /* in the child: it lives without the launching process now */
    int stdio[3];   /* the child's standard descriptors; NONE: inherited */
    int inward;     /* monitor: write end of the child's standard input */
    int outward[2]; /* monitor: read ends of standard output and error */
    int master;     /* pty */
    int slave;
    int console_socket;
    int listener_socket;
    int gate;
    int gate_client;

    /* file system */
    int root;
    bool rooted, pivoted;
    int proc;
    bool proc_verified;
    int masked_directory;
    bool umask_given;
    bool sealed; /* descriptors are marked close-on-exec */
    bool has_terminal;

    struct identity identity;
    bool has_identity;
    struct capture captures[CAPTURES_MAX];
    uint32_t capture_count;
    int netfilter; /* socket of the launching process, for as long as it lives */
    int names[2];  /* datagrams and connections with queries for names */
    int *reserved; /* sockets that hold the container's ports */
    uint32_t reserved_count;
    int *trees; /* mapped mounts, detached; NONE once they are bound */
    uint32_t tree_count;
    int lent; /* a tree that has just arrived */
};

/* report.c */
int fail(struct launch *launch, int error, const char *format, ...) PRINTF(3, 4);
struct report *report_create(void);
void report_failure(struct launch *launch, uint32_t stage, uint32_t index, int error);
uint64_t clock_ns(int clock);

/* execute.c */
int run_stage(struct launch *launch, uint32_t stage);
void run_teardown(struct launch *launch);
void release_ports(struct launch *launch);
void netfilter_rest(struct launch *launch);
bool stage_present(const struct launch *launch, uint32_t stage);

/* launch.c */
void launch_init(struct launch *launch);
int launch_start(struct launch *launch);
void launch_abort(struct launch *launch);
uint64_t process_start_time(int pid);

/* streams.c */
int prepare_stdio(struct launch *launch);
int connect_ahead(struct launch *launch);
int take_stdio(struct launch *launch);

/* sync.c */
#define TOKEN_GATE 0xffffffffu
#define TOKEN_MASTER 0xfffffffeu
#define TOKEN_NAMES 0xfffffffdu
/* The container's process wants the next tree of `lend-trees`; here it is. */
#define TOKEN_WANTED 0xfffffffcu
#define TOKEN_TREE 0xfffffffbu
int sync_send(struct launch *launch, uint32_t token, const int *fds, uint32_t fd_count);
int sync_receive(struct launch *launch, uint32_t *token);
int remember_token(struct launch *launch, uint32_t token);
/* `type`: SOCK_STREAM or SOCK_DGRAM. */
int connect_unix(const char *path, int type);
int unix_address(const char *path, void *address, socklen_t *length, int *directory);
int send_fds(int socket, const void *data, size_t length, const int *fds, uint32_t count);

/* path.c */
enum create { CREATE_NONE, CREATE_DIRECTORY, CREATE_FILE };
int launch_root(struct launch *launch);
void forget_root(struct launch *launch);
int open_in(int root, const char *path, uint64_t flags, uint64_t mode);
int open_beneath(int base, const char *path);
int make_directories(int root, const char *path, uint32_t mode, uint32_t uid, uint32_t gid);
int open_parent(int root, const char *path, char *base, bool make);
int refuse_link(int root, const char *path);
int open_target(int root, const char *path, enum create create);
int verify_null_device(int fd);
int write_all(int fd, const void *data, size_t length);
int read_exactly(int fd, void *data, size_t length);

/* mounts.c */
int sys_open_tree(int directory, const char *path, unsigned flags);
int sys_move_mount(int from, int to);
int set_attributes(int fd, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive);
int new_mount(struct launch *launch, const char *fstype, const char *source, const char *data, uint64_t attributes);
int fs_option(int fs, const char *option);
int fs_finish(struct launch *launch, int fs, uint64_t attributes);

/* mapped-tree.c */
int mapping_namespace(struct launch *launch, const char *uids, const char *gids);
int map_owners(int tree, int namespace, bool deep);
int keep_tree(struct launch *launch, int tree);
int take_tree(struct launch *launch, uint32_t number);
void release_trees(struct launch *launch);

/* lend.c */
#define TREE_LENT 0xffffffffu
int borrow_tree(struct launch *launch);

/* layers.c */
int layer_open(struct launch *launch, const char *path, int *mount);
void layers_read_once(void);
void layers_forget(void);
void layers_instruct(const char *text);

/* procfs.c */
int private_proc(struct launch *launch);
int write_private(struct launch *launch, const char *path, const char *value, size_t length);

/* copy.c */
int copy_tree(int from, int to);

/* exec.c */
void seal_descriptors(struct launch *launch);

/* terminal.c */
void set_window(int fd, uint32_t rows, uint32_t columns);

/* modes */
int launcher_main(const char *socket);
int run_main(const char *plan);
int hold_main(const char *parent);
int datagrams_main(const char *path);
int unpack_main(const char *directory, const char *plan, const char *options);
int stat_main(const char *plan, const char *path);
int pack_main(const char *plan, const char *path);
/* Plan, path, then what struct tar holds, ended by NULL. */
int tar_main(char **arguments);
int changes_main(const char *plan, const char *upper);
int monitor_main(struct launch *launch, int client, uint8_t mask);
int foreground_main(struct launch *launch);
sigset_t foreground_block(void);
int become_sealed(char **argv);
void reset_signals(void);
int read_plan(const char *path, uint8_t **bytes, size_t *length);

/* Every operation of the table: 0 or a negative errno, with what failed in launch->detail. */
typedef int operation_fn(struct launch *launch, const struct op *op);
operation_fn op_make_directory, op_write, op_unlink, op_remove_cgroup, op_device_filter, op_netlink,
    op_reserve_port, op_capture, op_hook, op_pid_file, op_inherit, op_owner, op_remove_directory, op_process_file, op_pidfd,
    op_supervise, op_on_failure, op_clone, op_notify, op_await, op_gate, op_wait_gate, op_child_file, op_helper, op_join,
    op_join_process, op_unshare, op_propagation, op_overlay, op_root, op_mount, op_bind, op_mount_attributes,
    op_mask, op_read_only, op_directory, op_symlink, op_device, op_copy_up, op_pivot, op_move_root,
    op_copy_into_tmpfs, op_hostname, op_domainname, op_sysctl, op_session, op_terminal, op_keyring, op_rlimit,
    op_umask, op_user, op_bounding, op_identity, op_capabilities, op_drop_capabilities, op_no_new_privileges, op_seccomp,
    op_change_directory, op_init, op_label, op_personality, op_exec, op_find_program, op_network_device, op_mapped_tree, op_lend_trees, op_adopt,
    op_bind_below, op_unmount, op_change_root, op_mapped_overlay, op_root_tree, op_stream_owner, op_copy_up_tree, op_null_streams,
    op_scheduler, op_io_priority, op_affinity, op_memory_policy, op_end_process;
/* tables.c */
int tables_open(void);
void tables_tell(int fd);
extern operation_fn op_resolver, op_await_link;
