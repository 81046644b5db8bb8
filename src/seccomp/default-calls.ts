/**
 * System calls of the default profile, by what they are for. Everything that is not here is denied: among others kexec_load,
 * init_module, swapon, pivot_root, keyctl, userfaultfd, io_uring_setup, bpf, perf_event_open and the calls of other machines.
 */

/** For every container; names between white space, see `words`. */
export const ALWAYS = `
  read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek _llseek
  open openat openat2 creat close close_range dup dup2 dup3 fcntl fcntl64 flock
  pipe pipe2 splice tee vmsplice sendfile sendfile64 copy_file_range
  stat lstat fstat stat64 lstat64 fstat64 fstatat64 newfstatat statx
  statfs fstatfs statfs64 fstatfs64 statmount listmount
  access faccessat faccessat2 chmod fchmod fchmodat fchmodat2 umask
  chown fchown lchown fchownat chown32 fchown32 lchown32
  link linkat symlink symlinkat readlink readlinkat unlink unlinkat
  rename renameat renameat2 mkdir mkdirat rmdir mknod mknodat
  truncate ftruncate truncate64 ftruncate64 fallocate
  sync fsync fdatasync syncfs sync_file_range readahead fadvise64 fadvise64_64
  utime utimes futimesat utimensat utimensat_time64
  getdents getdents64 getcwd chdir fchdir name_to_handle_at
  getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat
  listxattr llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat
  inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark

  mmap mmap2 munmap mremap mprotect madvise brk msync mincore cachestat
  mlock mlock2 mlockall munlock munlockall remap_file_pages membarrier mseal map_shadow_stack
  pkey_alloc pkey_free pkey_mprotect memfd_create memfd_secret process_mrelease

  fork vfork execve execveat exit exit_group wait4 waitid waitpid
  getpid getppid gettid set_tid_address getpgid getpgrp setpgid getsid setsid
  pidfd_open pidfd_send_signal ptrace process_vm_readv process_vm_writev
  getrlimit ugetrlimit setrlimit prlimit64 getrusage times getpriority setpriority
  ioprio_get ioprio_set getcpu prctl arch_prctl modify_ldt get_thread_area set_thread_area
  seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self
  uname sysinfo getrandom rseq restart_syscall uretprobe

  getuid geteuid getgid getegid getresuid getresgid getgroups
  getuid32 geteuid32 getgid32 getegid32 getresuid32 getresgid32 getgroups32
  setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups
  setuid32 setgid32 setreuid32 setregid32 setresuid32 setresgid32 setfsuid32 setfsgid32 setgroups32
  capget capset

  sched_yield sched_getaffinity sched_setaffinity sched_getattr sched_setattr
  sched_getparam sched_setparam sched_getscheduler sched_setscheduler
  sched_get_priority_min sched_get_priority_max sched_rr_get_interval sched_rr_get_interval_time64

  kill tkill tgkill pause alarm sigaltstack sigprocmask sigreturn signalfd signalfd4
  rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend
  rt_sigtimedwait rt_sigtimedwait_time64 rt_sigqueueinfo rt_tgsigqueueinfo

  time gettimeofday adjtimex nanosleep getitimer setitimer
  clock_gettime clock_getres clock_nanosleep clock_adjtime
  clock_gettime64 clock_getres_time64 clock_nanosleep_time64 clock_adjtime64
  timer_create timer_delete timer_getoverrun timer_gettime timer_settime timer_gettime64 timer_settime64
  timerfd_create timerfd_gettime timerfd_settime timerfd_gettime64 timerfd_settime64

  futex futex_time64 futex_wait futex_wake futex_waitv futex_requeue get_robust_list set_robust_list
  eventfd eventfd2 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
  poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64
  io_setup io_submit io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64

  socketpair bind connect listen accept accept4 shutdown getsockname getpeername getsockopt setsockopt
  send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64

  ipc shmget shmat shmdt shmctl semget semop semctl semtimedop semtimedop_time64
  msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_notify mq_getsetattr
  mq_timedsend mq_timedreceive mq_timedsend_time64 mq_timedreceive_time64

  arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls
`;

/** For containers that hold the capability which the kernel asks for anyway, or which makes the call harmless to allow. */
export const BY_CAPABILITY: Readonly<Record<string, string>> = {
  CAP_BPF: 'bpf',
  CAP_DAC_READ_SEARCH: 'open_by_handle_at',
  CAP_PERFMON: 'perf_event_open',
  CAP_SYSLOG: 'syslog',
  CAP_SYS_ADMIN: `
    bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr
    lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open
    quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare
  `,
  CAP_SYS_BOOT: 'reboot',
  CAP_SYS_CHROOT: 'chroot',
  CAP_SYS_MODULE: 'delete_module finit_module init_module',
  CAP_SYS_NICE: 'get_mempolicy mbind set_mempolicy set_mempolicy_home_node',
  CAP_SYS_PACCT: 'acct',
  CAP_SYS_PTRACE: 'kcmp pidfd_getfd process_madvise',
  CAP_SYS_RAWIO: 'ioperm iopl',
  CAP_SYS_TIME: 'clock_settime clock_settime64 settimeofday stime',
  CAP_SYS_TTY_CONFIG: 'vhangup',
};

export function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
