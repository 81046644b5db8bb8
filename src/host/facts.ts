/** What a planner needs to know about this machine and this process, as data. */

import { accessSync, constants, existsSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import { type CgroupLayout, cgroupLayout } from './cgroup-layout.ts';
import { readKernelText } from './kernel-files.ts';

export interface HostFacts {
  kernel: { release: string; major: number; minor: number };
  uid: number;
  gid: number;
  /** Bit masks by capability number of this process. */
  capabilities: { effective: bigint; permitted: bigint; bounding: bigint };
  /** Whether this process is in the machine's first user namespace. */
  initialUserNamespace: boolean;
  /** Paths of newuidmap(1) and newgidmap(1), which map ranges for whoever is not root; empty where not installed. */
  idMapHelpers: { uid: string; gid: string };
  cgroup: CgroupLayout;
  /** clone3 can put the child straight into a v2 cgroup (Linux 5.7). */
  cloneIntoCgroup: boolean;
  /** Memory cgroups count swap. */
  swapAccounting: boolean;
  /**
   * Where whoever is not root of the machine may make cgroups: v1 controller, or `''` for v2, → topmost of the groups around
   * its own that it may manage, as a path below the mount point. undefined for root: anywhere.
   */
  delegated: Readonly<Record<string, string>> | undefined;
  /** v2 controllers of the group that is delegated. */
  delegatedControllers: readonly string[];
  /** Processors this process may run on. */
  cpuCount: number;
  /** Bytes. */
  memoryTotal: number;
  apparmor: boolean;
  selinux: boolean;
}

let known: HostFacts | undefined;

/** The facts, gathered at the first call; four small files are read at once, the rest when asked for. */
export function hostFacts(): HostFacts {
  known ??= gatherFacts();
  return known;
}

/** Fresh facts, for a process that outlives a change of its own credentials or cgroup. */
export function gatherFacts(): HostFacts {
  const kernel = parseRelease(release());
  const status = parseStatus(readKernelText('/proc/self/status') ?? '');
  const cgroup = cgroupLayout(
    readKernelText('/proc/self/mountinfo') ?? '',
    readKernelText('/proc/self/cgroup') ?? '',
    (v2) => readKernelText(`${v2}/cgroup.controllers`) ?? '',
  );
  return {
    kernel,
    ...status,
    cgroup,
    cloneIntoCgroup:
      cgroup.v2 !== undefined && (kernel.major > 5 || (kernel.major === 5 && kernel.minor >= 7)),
    get initialUserNamespace() {
      return remember(
        this,
        'initialUserNamespace',
        isInitialMap(readKernelText('/proc/self/uid_map')),
      );
    },
    get delegatedControllers() {
      const group = this.delegated?.[''];
      const text =
        group === undefined ? '' : readKernelText(`${cgroup.v2}${group}/cgroup.controllers`);
      return remember(this, 'delegatedControllers', (text ?? '').split(/\s+/).filter(Boolean));
    },
    get idMapHelpers() {
      const found = { uid: findProgram('newuidmap'), gid: findProgram('newgidmap') };
      return remember(this, 'idMapHelpers', found);
    },
    get swapAccounting() {
      return remember(this, 'swapAccounting', countsSwap(cgroup));
    },
    get delegated() {
      const root = status.uid === 0 && this.initialUserNamespace;
      return remember(this, 'delegated', root ? undefined : delegatedGroups(cgroup));
    },
    get cpuCount() {
      return remember(this, 'cpuCount', availableParallelism());
    },
    get memoryTotal() {
      return remember(this, 'memoryTotal', totalmem());
    },
    get apparmor() {
      const enabled = readKernelText('/sys/module/apparmor/parameters/enabled');
      return remember(this, 'apparmor', enabled?.startsWith('Y') ?? false);
    },
    get selinux() {
      return remember(this, 'selinux', existsSync('/sys/fs/selinux/enforce'));
    },
  };
}

/** Replaces a getter by its value, so that each fact is gathered once. */
function remember<T>(facts: object, name: keyof HostFacts, value: T): T {
  Object.defineProperty(facts, name, { value, enumerable: true });
  return value;
}

/** `6.18.44-fc` → 6, 18. */
export function parseRelease(text: string): HostFacts['kernel'] {
  const [major = '0', minor = '0'] = text.split('.', 2);
  return { release: text, major: Number.parseInt(major, 10), minor: Number.parseInt(minor, 10) };
}

/** The effective uid and gid and the capability masks of proc_pid_status(5). */
export function parseStatus(text: string): Pick<HostFacts, 'uid' | 'gid' | 'capabilities'> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const mask = (name: string) => BigInt(`0x${fields.get(name) ?? '0'}`);
  return {
    uid: Number(fields.get('Uid')?.split('\t')[1] ?? 0),
    gid: Number(fields.get('Gid')?.split('\t')[1] ?? 0),
    capabilities: {
      effective: mask('CapEff'),
      permitted: mask('CapPrm'),
      bounding: mask('CapBnd'),
    },
  };
}

/** The first user namespace maps every uid onto itself: `0 0 4294967295`. */
export function isInitialMap(uidMap: string | undefined): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(uidMap ?? '');
}

function countsSwap(cgroup: CgroupLayout): boolean {
  if (cgroup.v1.memory !== undefined) {
    return existsSync(`${cgroup.v1.memory}/memory.memsw.limit_in_bytes`);
  }
  if (cgroup.v2 === undefined) return false;
  // The top of a hierarchy has no memory.swap.max; it exists below whenever the kernel knows swap at all.
  const own = cgroup.own[''] ?? '/';
  return own === '/'
    ? existsSync('/proc/swaps')
    : existsSync(`${cgroup.v2}${own}/memory.swap.max`) || existsSync('/proc/swaps');
}

/** A group is manageable by whoever may make groups in it and move processes into it (cgroups(7), «Delegation»). */
function delegatedGroups(cgroup: CgroupLayout): Record<string, string> {
  const groups: Record<string, string> = Object.create(null);
  for (const [hierarchy, own] of Object.entries(cgroup.own)) {
    const mountpoint = hierarchy === '' ? cgroup.v2 : cgroup.v1[hierarchy];
    const parts = own.split('/').filter((part) => part !== '');
    for (; ; parts.pop()) {
      if (isManageable(`${mountpoint}/${parts.join('/')}`)) {
        groups[hierarchy] = `/${parts.join('/')}`;
      }
      if (parts.length === 0) break;
    }
  }
  return groups;
}

function isManageable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    accessSync(`${directory}/cgroup.procs`, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first in PATH, as the caller's own shell would find it; it runs with the caller's rights and no more. */
function findProgram(name: string): string {
  for (const directory of (process.env.PATH ?? '').split(':')) {
    const path = `${directory}/${name}`;
    if (directory.startsWith('/') && isExecutable(path)) return path;
  }
  return '';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
