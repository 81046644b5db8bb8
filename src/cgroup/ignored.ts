/** Limits that this kernel or this version of cgroups does not have, and without which nobody is less protected. */

import type { LinuxResources } from '../spec/runtime/resources.ts';
import type { CgroupPaths } from './types.ts';

/** One sentence for each limit that is asked for and not set, for a warning. */
export function ignoredLimits(resources: LinuxResources, paths: CgroupPaths): string[] {
  const { memory = {}, blockIO = {} } = resources;
  const v2 = paths.v1.memory === undefined;
  const leaf = [blockIO, ...(blockIO.weightDevice ?? [])].some(({ leafWeight }) => leafWeight);
  const rows: readonly (readonly [asked: unknown, field: string, reason: string])[] = [
    [memory.kernel, 'memory.kernel', 'the kernel has no limit of kernel memory alone any more'],
    [v2 && memory.kernelTCP, 'memory.kernelTCP', 'cgroup v2 counts socket buffers as memory'],
    [v2 && memory.swappiness !== undefined, 'memory.swappiness', 'cgroup v2 has none'],
    [v2 && memory.disableOOMKiller, 'memory.disableOOMKiller', 'cgroup v2 always has one'],
    [leaf, 'blockIO.leafWeight', 'its scheduler left the kernel with Linux 5.0'],
  ];
  return rows.flatMap(([asked, field, reason]) =>
    asked ? [`linux.resources.${field} is ignored: ${reason}`] : [],
  );
}
