/**
 * The vocabulary of a launch: every operation that the shim can execute, as one table.
 * TypeScript's `Op` type, the encoder, the printer and the C header `build/ops.gen.h` all come from it.
 *
 * Paths: before `root` every path is a host path. After it, `target` and `path` operands of the
 * file-system operations are container paths, resolved below the root's descriptor with
 * openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS); `source` operands stay host paths until `pivot`.
 */

import type { FieldKind, FieldTypes, OpShape } from './op-shape.ts';
import { ROOT_OPS } from './ops-root.ts';
import { TREE_OPS } from './ops-tree.ts';

export type { FieldKind } from './op-shape.ts';

/**
 * Codes are stable: an engine may adopt a container whose monitor speaks an older table.
 * At most 10 fields each.
 */
export const OPS = {
  // Files and kernel interfaces of the host
  /** Makes one host directory. `exist` 1: an existing one is success. */
  'make-directory': {
    code: 1,
    man: 'mkdir(2)',
    fields: { path: 'str', mode: 'u32', exist: 'u32' },
  },
  /** Writes `data` in one write(2) to an existing file. Errno values in `ignore` count as success. */
  write: { code: 2, man: 'write(2)', fields: { path: 'str', data: 'bytes', ignore: 'u32s' } },
  /** Removes a file; absence is success. */
  unlink: { code: 3, man: 'unlink(2)', fields: { path: 'str' } },
  /** Kills what is left in a cgroup directory and removes it and its children; absence is success. */
  'remove-cgroup': { code: 4, man: 'cgroups(7)', fields: { path: 'str' } },
  /** Loads an eBPF device program and attaches it to a v2 cgroup directory, in place of those attached before. */
  'device-filter': { code: 5, man: 'bpf(2)', fields: { cgroup: 'str', program: 'bytes' } },
  /**
   * Sends netlink messages (protocol 0 rtnetlink, 12 netfilter) and waits for one acknowledgement per
   * message that asks for it. The container's pid, u32 little endian, replaces four bytes at each of
   * `pidOffsets`. Errno values in `ignore` count as success.
   */
  netlink: {
    code: 6,
    man: 'netlink(7)',
    fields: { protocol: 'u32', message: 'bytes', pidOffsets: 'u32s', ignore: 'u32s' },
  },
  /** Binds a socket that the monitor holds as long as it lives. `protocol` 6 TCP, 17 UDP, 132 SCTP where the kernel has it. */
  'reserve-port': {
    code: 7,
    man: 'bind(2)',
    fields: { protocol: 'u32', address: 'str', port: 'u32' },
  },
  /** Copies up to 4 KiB of a file into the exit record under `name`; absence is success. */
  capture: { code: 8, man: 'read(2)', fields: { path: 'str', name: 'str' } },
  /** Runs a host program with `stateHead` + pid + `stateTail` on its standard input. 0: no time limit. */
  hook: {
    code: 9,
    man: 'execve(2)',
    fields: {
      path: 'str',
      args: 'strs',
      env: 'strs',
      timeoutMs: 'u32',
      stateHead: 'str',
      stateTail: 'str',
    },
  },
  /** Writes the container's pid in decimal to a new file, by rename. */
  'pid-file': { code: 10, man: 'rename(2)', fields: { path: 'str' } },
  /**
   * Gives an existing file `to` the first 4 KiB of `from` if `to` reads as blank, in one write(2): a new cpuset of a v1
   * hierarchy starts empty and takes no process before it has processors and memory nodes.
   */
  inherit: { code: 11, man: 'cpuset(7)', fields: { from: 'str', to: 'str' } },
  /** Gives a host file or directory to an owner; absence is success. */
  owner: { code: 12, man: 'chown(2)', fields: { path: 'str', uid: 'u32', gid: 'u32' } },
  /** Removes an empty host directory; absence is success. */
  'remove-directory': { code: 13, man: 'rmdir(2)', fields: { path: 'str' } },
  /**
   * Moves a network interface of this network namespace into the container's, keeps its permanent addresses of global
   * scope, and sets it up. `rename` may hold `%d`, in whose place the kernel puts a number; without it, a name that is
   * taken is an error before anything is moved.
   */
  'network-device': {
    code: 14,
    man: 'network_namespaces(7)',
    fields: { name: 'str', rename: 'str' },
  },
  /** Kills one process by pid and start time (clock ticks since boot); success when it is not there any more. */
  'end-process': {
    code: 15,
    man: 'pidfd_send_signal(2)',
    fields: { pid: 'u32', startTime: 'u64' },
  },
  /**
   * Opens a UDP and a listening TCP socket in the container's network namespace and gives them to the monitor, which
   * passes what is asked there to whoever subscribed to queries.
   */
  resolver: { code: 16, man: 'resolv.conf(5)', fields: { address: 'str', port: 'u32' } },
  /** Waits until a link passes packets, both its ends being up; after `milliseconds` it goes on all the same. */
  'await-link': {
    code: 17,
    man: 'netdevice(7)',
    fields: { name: 'str', milliseconds: 'u32' },
  },

  // The frame of a launch
  /**
   * What the launching process becomes. `mode`: 0 detached (the container lives on, this process ends after
   * the start), 1 foreground (relays signals and the terminal, ends with the container's status),
   * 2 monitor (serves `directory`/attach.sock, writes the log, leaves `directory`/exit).
   * `stdin`: 0 /dev/null, 1 open, 2 closed after the first client leaves, 3 inherited with stdout and stderr.
   */
  supervise: {
    code: 20,
    man: 'signalfd(2)',
    fields: {
      mode: 'u32',
      directory: 'str',
      log: 'str',
      logMaxBytes: 'u64',
      logMaxFiles: 'u32',
      stdin: 'u32',
      terminal: 'u32',
      rows: 'u32',
      columns: 'u32',
      preserveFds: 'u32',
    },
  },
  /** On failure executes `args` with the report appended: stage, op index, errno, detail. */
  'on-failure': { code: 21, man: 'execve(2)', fields: { args: 'strs' } },
  /** clone3 with these flags; `cgroup` non-empty: straight into that v2 cgroup. Ends the host stage. */
  clone: { code: 22, man: 'clone(2)', fields: { flags: 'u64', cgroup: 'str' } },
  /** Sends a token to the other process of the launch. */
  notify: { code: 23, man: 'socketpair(2)', fields: { token: 'u32' } },
  /** Waits for that token. */
  await: { code: 24, man: 'socketpair(2)', fields: { token: 'u32' } },
  /** Opens the start gate, a listening socket at a host path; before `pivot`. */
  gate: { code: 25, man: 'unix(7)', fields: { path: 'str' } },
  /**
   * Waits until somebody connects to the gate and sends one byte. The launch counts as started when this op begins. What fails from here on is
   * reported to the connected client as one `failed` frame (src/host/frames.ts); end of file without a frame: exec succeeded.
   */
  'wait-gate': { code: 26, man: 'accept(2)', fields: {} },
  /** Writes a file below /proc/<pid of the container>/, such as uid_map. */
  'child-file': { code: 27, man: 'user_namespaces(7)', fields: { file: 'str', data: 'bytes' } },
  /** Writes `<pid> <start time>` and a line feed (clock ticks, proc_pid_stat(5) field 22) of the container to a new file, by rename. */
  'process-file': { code: 28, man: 'rename(2)', fields: { path: 'str' } },
  /** Sends a pidfd of the container's process to a listening stream socket, with `label` as the message. */
  pidfd: { code: 30, man: 'pidfd_open(2)', fields: { socket: 'str', label: 'str' } },

  /**
   * Runs a host program that leaves the container's process behind, whose pid it writes to `pidFile`, in the place of `clone`:
   * it becomes this process's child. It must be in the cgroup directory `cgroup`, where that is not empty. `log` is where the
   * program tells why it failed.
   */
  adopt: {
    code: 31,
    man: 'PR_SET_CHILD_SUBREAPER(2const)',
    fields: { args: 'strs', env: 'strs', pidFile: 'str', cgroup: 'str', log: 'str' },
  },

  /** Gives the pipes of the standard streams, which are made at the clone, to an owner that a user namespace has. */
  'stream-owner': { code: 32, man: 'user_namespaces(7)', fields: { uid: 'u32', gid: 'u32' } },

  /** Runs a host program with the container's pid and then `args` as its arguments, as newuidmap(1) takes them. */
  helper: { code: 29, man: 'newuidmap(1)', fields: { path: 'str', args: 'strs' } },

  // Namespaces
  join: { code: 40, man: 'setns(2)', fields: { path: 'str', type: 'u64' } },
  /** Enters namespaces of a process through its pidfd; refused if its start time (proc_pid_stat(5) field 22) differs. 0: unchecked. */
  'join-process': {
    code: 41,
    man: 'setns(2)',
    fields: { pid: 'u32', startTime: 'u64', flags: 'u64' },
  },
  unshare: { code: 42, man: 'unshare(2)', fields: { flags: 'u64' } },

  // The root file system
  ...ROOT_OPS,

  // The process
  hostname: { code: 90, man: 'sethostname(2)', fields: { name: 'str' } },
  domainname: { code: 91, man: 'setdomainname(2)', fields: { name: 'str' } },
  /** `key` in slashes, below /proc/sys; written through a private procfs that no container mount can cover. */
  sysctl: { code: 92, man: 'sysctl(8)', fields: { key: 'str', value: 'str' } },
  session: { code: 93, man: 'setsid(2)', fields: {} },
  /** Opens a pty in the container's devpts, binds it on /dev/console, and hands the master to the monitor or to `consoleSocket`. */
  terminal: {
    code: 94,
    man: 'pty(7)',
    fields: { rows: 'u32', columns: 'u32', consoleSocket: 'str' },
  },
  keyring: { code: 95, man: 'keyctl(2)', fields: { name: 'str' } },
  rlimit: { code: 96, man: 'prlimit(2)', fields: { resource: 'u32', soft: 'u64', hard: 'u64' } },
  umask: { code: 97, man: 'umask(2)', fields: { mask: 'u32' } },
  /**
   * Looks up user and group in the container's own /etc/passwd and /etc/group and keeps uid, gid, groups and home for
   * `identity` and `exec`. `user` and `group`: a name, or a number in decimal; `group` empty: the user's own.
   * `groups`: more groups, names or numbers. `lookup` 0: numbers only, no file is read, groups are exactly `groups`;
   * 1: the group is one of the groups too; 2: groups are exactly `groups`, the files give the home.
   */
  user: {
    code: 98,
    man: 'passwd(5)',
    fields: { user: 'str', group: 'str', groups: 'strs', lookup: 'u32' },
  },
  /** Keeps only these capabilities in the bounding set (bit mask by capability number). */
  bounding: { code: 99, man: 'capabilities(7)', fields: { mask: 'u64' } },
  /** setgroups, setresgid, setresuid with what `user` found, keeping permitted capabilities. */
  identity: { code: 100, man: 'credentials(7)', fields: {} },
  capabilities: {
    code: 101,
    man: 'capset(2)',
    fields: { effective: 'u64', permitted: 'u64', inheritable: 'u64', ambient: 'u64' },
  },
  /** Gives rights up by capset alone, so that a filter loaded before it need not allow anything else; ambient ones follow. */
  'drop-capabilities': {
    code: 114,
    man: 'capset(2)',
    fields: { effective: 'u64', permitted: 'u64', inheritable: 'u64' },
  },
  /** Standard streams on a null device get the container's own /dev/null, if it has one: the host's is not its to change. */
  'null-streams': { code: 115, man: 'null(4)', fields: {} },
  'no-new-privileges': { code: 102, man: 'prctl(2)', fields: {} },
  /**
   * `filter`: array of struct sock_filter. `listener` non-empty: the notify descriptor goes to that socket with `state`, whose parts
   * are joined by the process's pid (runtime-spec config-linux.md, Container Process State).
   */
  seccomp: {
    code: 103,
    man: 'seccomp(2)',
    fields: { flags: 'u32', filter: 'bytes', listener: 'str', state: 'strs' },
  },
  /** Changes directory and verifies that it lies inside the root (CVE-2024-21626). `create` 1 makes it when missing. */
  'change-directory': { code: 104, man: 'chdir(2)', fields: { path: 'str', create: 'u32' } },
  /** Stays as pid 1: starts the rest of the plan in a child, forwards signals, reaps, ends with the child's status. */
  init: { code: 105, man: 'pid_namespaces(7)', fields: {} },
  /** A label for the next execve: `attribute` is apparmor/exec, exec or keycreate below /proc/self/attr. */
  label: { code: 106, man: 'proc_pid_attr(5)', fields: { attribute: 'str', value: 'str' } },
  personality: { code: 107, man: 'personality(2)', fields: { value: 'u64' } },
  /** Runs the program. A name without a slash is searched in PATH of `env`. `home` 1: HOME is added from the user's entry when absent. */
  exec: { code: 108, man: 'execve(2)', fields: { args: 'strs', env: 'strs', home: 'u32' } },
  /** Looks for the program as `exec` will, and fails as it would when it is absent or not to be executed. */
  'find-program': { code: 109, man: 'access(2)', fields: { args: 'strs', env: 'strs' } },
  /** `policy` SCHED_*, `flags` SCHED_FLAG_*; `nice` as a 32-bit two's complement; the times in ns, for SCHED_DEADLINE. */
  scheduler: {
    code: 110,
    man: 'sched_setattr(2)',
    fields: {
      policy: 'u32',
      flags: 'u64',
      nice: 'u32',
      priority: 'u32',
      runtime: 'u64',
      deadline: 'u64',
      period: 'u64',
    },
  },
  /** The class and level of disk access of the whole process group. `class` IOPRIO_CLASS_*. */
  'io-priority': { code: 111, man: 'ioprio_set(2)', fields: { class: 'u32', priority: 'u32' } },
  /** The processors to run on, a bit for each, the first in the lowest bit of the first byte. */
  affinity: { code: 112, man: 'sched_setaffinity(2)', fields: { mask: 'bytes' } },
  /** `mode` MPOL_* with MPOL_F_*; `nodes` a bit for each memory node, the first in the lowest bit of the first byte. */
  'memory-policy': { code: 113, man: 'set_mempolicy(2)', fields: { mode: 'u32', nodes: 'bytes' } },

  ...TREE_OPS,
} as const satisfies Record<string, OpShape>;

export type OpName = keyof typeof OPS;

type Operands<F extends Readonly<Record<string, FieldKind>>> = {
  -readonly [K in keyof F]: FieldTypes[F[K]];
};

/** One operation with its operands: `{ op: 'hostname', name: 'web' }`. */
export type Op = { [N in OpName]: { op: N } & Operands<(typeof OPS)[N]['fields']> }[OpName];

/** The operation of one name. */
export type OpOf<N extends OpName> = Extract<Op, { op: N }>;

/** An operation of a tree's stream. */
export type TreeOp = Extract<Op, { op: `tree-${string}` }>;

/**
 * Who executes a step, and when:
 *
 *   host      the launching process, before the clone; its last op is `clone`
 *   enter     a short-lived process that joins existing namespaces before the clone (only if there are such steps)
 *   beside    the launching process, after the clone, while the container's process runs its steps
 *   inside    the container's process, up to `exec`
 *   running   the launching process, after `exec` succeeded
 *   teardown  the launching process, after the container ended or a step failed: every step, whatever fails
 */
export const STAGES = ['host', 'enter', 'beside', 'inside', 'running', 'teardown'] as const;
export type Stage = (typeof STAGES)[number];

/** One step of a plan: what, by whom, and why (a short clause shown by `explain`, never sent to the shim). */
export interface Step {
  stage: Stage;
  op: Op;
  why: string;
}

/** Steps in order; within a stage they run in this order. */
export type Plan = readonly Step[];
