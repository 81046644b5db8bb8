/** What the planner is asked: everything it needs to know, as data. */

import type { HostFacts } from '../host/facts.ts';
import type { OpOf, Step } from '../plan/ops.ts';
import type { Process, RuntimeSpec } from '../spec/runtime/index.ts';
import type { Resctrl } from './intel-rdt.ts';

/** Where the root file system comes from. Host paths, absolute. */
export type RootSource =
  | { kind: 'directory'; path: string }
  /** `lower` from the top down; mounted at `mountpoint` in the container's own mount namespace. */
  | {
      kind: 'overlay';
      lower: readonly string[];
      upper: string;
      work: string;
      mountpoint: string;
      /** The ids on the disk are those inside the configuration's user namespace. `upper` and `work` lie in one directory. */
      mapped?: boolean;
    };

/** Names or numbers that are looked up in the container; they replace the numbers of `process.user`. */
export interface UserRequest {
  user: string;
  group: string;
  groups: readonly string[];
  /** The groups are those and no other; else the group itself is one of them (CVE-2022-36109). */
  exactGroups?: true;
}

export interface LaunchRequest {
  id: string;
  spec: RuntimeSpec;
  /** Absolute host directory of the bundle; goes into the hooks' state document. */
  bundle: string;
  rootfs: RootSource;
  facts: HostFacts;
  supervise: OpOf<'supervise'>;
  user?: UserRequest;
  /** HOME is added from the user's entry when the environment has none. */
  home?: boolean;
  /** A small pid 1 of ours starts the program and reaps orphans. */
  init?: boolean;
  /** Host path of the socket that holds the program back until somebody connects: `create` and `start`. */
  gate?: string;
  /** Host path of the socket that gets the pty's master. */
  consoleSocket?: string;
  /** Host, beside, inside and teardown steps of the network room; they run after the namespaces exist. */
  networkSteps?: readonly Step[];
  /** Binds of the configuration that show only what is below their source, by destination: a relative path. */
  subpaths?: ReadonlyMap<string, string>;
  /** Destinations of binds whose later mounts the host is to see, and the container the host's. */
  sharedBinds?: ReadonlySet<string>;
  /** More steps, placed after the file system is set up and before privileges are dropped. */
  extraSteps?: readonly Step[];
  /** Program with arguments that words a failure; the shim appends the report. */
  onFailure?: readonly string[];
  /** Makes a missing working directory. */
  createCwd?: boolean;
  /** Host directory whose `pid` file gets the container's pid. */
  stateDirectory?: string;
  /** One more pid file, by the caller's wish. */
  pidFile?: string;
  /** Host path of a listening socket that gets a pidfd of the container's process. */
  pidfdSocket?: string;
  /** Instead of pivot_root, for a root on initramfs. */
  noPivot?: boolean;
  /** Keeps the caller's session keyring. */
  noNewKeyring?: boolean;
  /** Mount point on the host that holds the root; needed only where `linux.rootfsPropagation` is shared. */
  rootMount?: string;
  /** Host directory to mount the root on where the container shares the host's mount namespace; without it that is refused. */
  sharedRoot?: string;
  /** The machine's resctrl file system, for `linux.intelRdt`. */
  resctrl?: Resctrl;
  /** Replaces the cgroup path that `linux.cgroupsPath` and the default give. */
  cgroupPath?: string;
}

/** A process of a running container, identified so that a recycled pid is noticed. */
export interface ContainerProcess {
  pid: number;
  /** Clock ticks since boot, proc_pid_stat(5) field 22. */
  startTime: bigint;
  /** CLONE_NEW* flags of the namespaces that differ from the host's. */
  namespaces: bigint;
  /** Where its root is mounted, if that is in the host's mount namespace. */
  sharedRoot?: string;
}

export interface ExecRequest {
  process: Process;
  container: ContainerProcess;
  facts: HostFacts;
  /** `enter` steps that join the container's cgroup, from `planCgroup(…).joinSteps('enter')`. */
  cgroupSteps: readonly Step[];
  /** The container's v2 cgroup directory, where clone may put the process at once; empty: not possible. */
  cloneInto: string;
  supervise: OpOf<'supervise'>;
  /** For a listener of the container's filter. */
  listenerState: { id: string; bundle: string };
  /** The container's own config: seccomp profile, user namespace, personality. */
  spec: RuntimeSpec;
  user?: UserRequest;
  home?: boolean;
  consoleSocket?: string;
  onFailure?: readonly string[];
  createCwd?: boolean;
  pidFile?: string;
  /** As of a launch. */
  pidfdSocket?: string;
  extraSteps?: readonly Step[];
}
