/** What a container uses, in one shape for v1, v2 and both beside each other. */

import { readNumber } from './flat-file.ts';
import { v1BlockIo, v1Cpu, v1Hugetlb, v1Memory } from './stats-v1.ts';
import { v2BlockIo, v2Cpu, v2Hugetlb, v2Memory } from './stats-v2.ts';
import type { CgroupPaths } from './types.ts';

export interface CpuStats {
  /** Nanoseconds of processor time. */
  totalNs: number;
  userNs: number;
  systemNs: number;
  /** Nanoseconds by processor; empty where the kernel does not tell. */
  perCpuNs: number[];
  /** Periods of the quota, and how often and how long it held the container back. */
  periods: number;
  throttledPeriods: number;
  throttledNs: number;
}

export interface MemoryStats {
  /** Bytes, page cache included. */
  usage: number;
  /** Highest usage so far; undefined where the kernel does not tell. */
  maxUsage: number | undefined;
  /** undefined: none. */
  limit: number | undefined;
  /** Bytes of swap. */
  swap: number | undefined;
  /** How often the limit was hit. */
  failures: number;
  oomKills: number;
  /** memory.stat as it is: the names of v1 and v2 differ. */
  fields: ReadonlyMap<string, number>;
}

export interface PidsStats {
  current: number;
  limit: number | undefined;
}

export interface BlockIoStats {
  major: number;
  minor: number;
  operation: 'read' | 'write' | 'discard';
  bytes: number;
  operations: number;
}

export interface HugetlbStats {
  /** Such as `2MB`. */
  pageSize: string;
  usage: number;
  maxUsage: number | undefined;
  failures: number;
}

export interface CgroupStats {
  cpu: CpuStats;
  memory: MemoryStats | undefined;
  pids: PidsStats | undefined;
  blockIo: BlockIoStats[];
  hugetlb: HugetlbStats[];
}

/** Reads the counters; a cgroup that is gone reads as zero use. */
export function readStats(paths: CgroupPaths): CgroupStats {
  const { v1, v2 } = paths;
  return {
    cpu: v1.cpuacct === undefined ? v2Cpu(v2) : v1Cpu(v1.cpuacct, v1.cpu),
    memory: v1.memory === undefined ? v2Memory(v2) : v1Memory(v1.memory),
    pids: pids(v1.pids ?? v2),
    blockIo: v1.blkio === undefined ? v2BlockIo(v2) : v1BlockIo(v1.blkio),
    hugetlb: v1.hugetlb === undefined ? v2Hugetlb(v2) : v1Hugetlb(v1.hugetlb),
  };
}

/** Memory that cannot be taken away at once, as `docker stats` shows it: usage without the inactive page cache. */
export function workingMemory({ usage, fields }: MemoryStats): number {
  const inactive = fields.get('total_inactive_file') ?? fields.get('inactive_file') ?? 0;
  return inactive < usage ? usage - inactive : usage;
}

function pids(path: string): PidsStats | undefined {
  const current = path === '' ? undefined : readNumber(`${path}/pids.current`);
  if (current === undefined) return undefined;
  return { current, limit: readNumber(`${path}/pids.max`) };
}
