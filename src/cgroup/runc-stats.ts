/**
 * The statistics of a cgroup in the shape of `runc events` (https://github.com/opencontainers/runc/blob/main/types/events.go),
 * which other engines parse. Counters are bigint: limits of v1 and «none» of v2 lie beyond what a number holds exactly.
 */

import { v1Blkio, v1CpuSet, v1CpuUsage, v1MemoryUsage } from './runc-stats-v1.ts';
import { v2Blkio, v2CpuUsage, v2MemoryUsage } from './runc-stats-v2.ts';
import { readStats } from './stats.ts';
import type { CgroupPaths } from './types.ts';

/** What JSON holds, with exact integers. */
export type Exact =
  | bigint
  | number
  | string
  | null
  | readonly Exact[]
  | { readonly [name: string]: Exact };

/** The field `data` of one event. */
export function readRuncStats(paths: CgroupPaths): Exact {
  const { v1, v2 } = paths;
  const stats = readStats(paths);
  return {
    cpu: v1.cpuacct === undefined ? v2CpuUsage(v2) : v1CpuUsage(v1.cpuacct, v1.cpu ?? ''),
    cpuset: v1CpuSet(v1.cpuset ?? ''),
    memory: v1.memory === undefined ? v2MemoryUsage(v2) : v1MemoryUsage(v1.memory),
    pids: present({
      current: BigInt(stats.pids?.current ?? 0),
      limit: BigInt(stats.pids?.limit ?? 0),
    }),
    blkio: v1.blkio === undefined ? v2Blkio(v2) : v1Blkio(v1.blkio),
    hugetlb: Object.fromEntries(
      stats.hugetlb.map(({ pageSize, usage, maxUsage, failures }) => [
        pageSize,
        {
          ...present({ usage: BigInt(usage), max: BigInt(maxUsage ?? 0) }),
          failcnt: BigInt(failures),
        },
      ]),
    ),
    intel_rdt: {},
    network_interfaces: null,
  };
}

/** Without zeros and empty lists, which runc leaves out too. */
export function present(fields: Record<string, Exact | undefined>): Record<string, Exact> {
  const kept: Record<string, Exact> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === 0n || (Array.isArray(value) && value.length === 0)) {
      continue;
    }
    kept[name] = value;
  }
  return kept;
}

export interface MemoryEntry {
  limit?: bigint | undefined;
  usage?: bigint | undefined;
  max?: bigint | undefined;
  failcnt?: bigint | undefined;
}

export function memoryEntry({ limit, usage, max, failcnt }: MemoryEntry): Exact {
  return { limit: limit ?? 0n, ...present({ usage, max }), failcnt: failcnt ?? 0n };
}
