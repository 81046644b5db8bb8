/** The processes of a container, and whether its cgroup is anybody's yet. */

import { TiffinError } from '../base/errors.ts';
import { parseOwnCgroups } from '../host/cgroup-layout.ts';
import type { HostFacts } from '../host/facts.ts';
import { kernelDirectories, readKernelText } from '../host/kernel-files.ts';
import { uniquePaths } from './paths.ts';
import type { CgroupPaths } from './types.ts';

/** A container can nest cgroups; deeper than this nobody has a use for them. */
const MAX_DEPTH = 32;

/** Process ids in the container's cgroup and the cgroups below it, ascending. */
export function cgroupProcesses(paths: CgroupPaths): number[] {
  const path = census(paths);
  if (path === undefined) return [];
  const pids = new Set<number>();
  collect(path, pids, MAX_DEPTH);
  return [...pids].sort((a, b) => a - b);
}

/**
 * Throws `cgroup-in-use` if one of the directories exists and holds processes or cgroups. To be called before a launch:
 * the end of a container kills whatever is in its cgroup, which must not be somebody else's.
 */
export function refuseOccupied(paths: CgroupPaths): void {
  for (const path of uniquePaths(paths)) {
    const processes = readKernelText(`${path}/cgroup.procs`);
    if (processes === undefined) continue;
    if (processes === '' && kernelDirectories(path).length === 0) continue;
    throw new TiffinError('conflict', 'cgroup-in-use', `cgroup ${path} is in use`, {
      hint: 'give the container a cgroup path of its own',
    });
  }
}

/**
 * The v2 directory for one more process: the container's own, or where its first process `pid` has moved to below it. An init
 * that manages cgroups hands controllers down, and the kernel lets no process into a directory that does (EBUSY).
 */
export function execDirectory(paths: CgroupPaths, facts: HostFacts, pid: number): string {
  const { v2 } = facts.cgroup;
  if (paths.v2 === '' || v2 === undefined) return paths.v2;
  const handsDown = readKernelText(`${paths.v2}/cgroup.subtree_control`)?.trim() ?? '';
  if (handsDown === '') return paths.v2;
  const path = parseOwnCgroups(readKernelText(`/proc/${pid}/cgroup`) ?? '').get('') ?? '/';
  // Compared by whole names; the kernel writes no `..` for what is below this process's own namespace.
  return `${v2}${path}/`.startsWith(`${paths.v2}/`) ? v2 + path : paths.v2;
}

/** One hierarchy suffices, as a container is in all of them: v2, which its processes cannot leave, else one nobody nests. */
function census(paths: CgroupPaths): string | undefined {
  if (paths.v2 !== '') return paths.v2;
  return paths.v1.devices ?? paths.v1.pids ?? paths.v1.memory ?? Object.values(paths.v1)[0];
}

function collect(path: string, pids: Set<number>, depth: number): void {
  for (const line of (readKernelText(`${path}/cgroup.procs`) ?? '').split('\n')) {
    const pid = Number(line);
    // 0 stands for a process that is not visible in this pid namespace.
    if (pid > 0) pids.add(pid);
  }
  if (depth === 0) return;
  for (const name of kernelDirectories(path)) collect(`${path}/${name}`, pids, depth - 1);
}
