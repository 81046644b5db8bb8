/** Whether the kernel killed for lack of memory, and other last words of a cgroup. */

import { readKernelText } from '../host/kernel-files.ts';
import type { Step } from '../plan/ops.ts';
import type { CgroupPaths } from './types.ts';

const V1_OOM = 'memory.oom_control';
const V2_OOM = 'memory.events';

/** What is worth keeping of a cgroup before it goes, by v1 controller or v2. */
const V1_LAST: readonly (readonly [string, string])[] = [
  ['memory', V1_OOM],
  ['memory', 'memory.max_usage_in_bytes'],
  ['cpuacct', 'cpuacct.usage'],
];
const V2_LAST: readonly string[] = [V2_OOM, 'memory.peak', 'cpu.stat'];

/** Teardown steps that put the counters into the exit record, before the cgroup is removed. */
export function captureSteps(paths: CgroupPaths): Step[] {
  const files = V1_LAST.flatMap(([controller, file]) => {
    const directory = paths.v1[controller];
    return directory === undefined ? [] : [{ directory, file }];
  });
  if (paths.v2 !== '' && paths.v1.memory === undefined) {
    files.push(...V2_LAST.map((file) => ({ directory: paths.v2, file })));
  }
  return files.map(({ directory, file }) => ({
    stage: 'teardown',
    op: { op: 'capture', path: `${directory}/${file}`, name: file },
    why: 'what the container used, and whether memory ran out',
  }));
}

/** Processes killed for lack of memory, from the exit record's captures. */
export function oomKills(captures: ReadonlyMap<string, string>): number {
  const text = captures.get(V1_OOM) ?? captures.get(V2_OOM) ?? '';
  return field(text, 'oom_kill');
}

/** The same of a cgroup that is there; 0 without a memory controller. */
export function oomKillCount({ v1, v2 }: CgroupPaths): number {
  const file = v1.memory === undefined ? `${v2}/${V2_OOM}` : `${v1.memory}/${V1_OOM}`;
  return field(readKernelText(file) ?? '', 'oom_kill');
}

/** The highest memory use in bytes; undefined when it was not recorded. */
export function peakMemory(captures: ReadonlyMap<string, string>): number | undefined {
  const text = captures.get('memory.max_usage_in_bytes') ?? captures.get('memory.peak');
  const value = Number(text?.trim() || Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

function field(text: string, name: string): number {
  for (const line of text.split('\n')) {
    const [key, value = ''] = line.split(' ');
    if (key === name && /^[0-9]{1,15}$/.test(value)) return Number(value);
  }
  return 0;
}
