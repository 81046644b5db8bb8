/** Counters of the v2 hierarchy (https://docs.kernel.org/admin-guide/cgroup-v2.html). */

import { readFields, readLines, readNumber } from './flat-file.ts';
import { hugepageSizes } from './hugetlb.ts';
import type { BlockIoStats, CpuStats, HugetlbStats, MemoryStats } from './stats.ts';

const NS_PER_US = 1000;

/** Key of io.stat → what it counts. */
const OPERATIONS = [
  ['read', 'rbytes', 'rios'],
  ['write', 'wbytes', 'wios'],
  ['discard', 'dbytes', 'dios'],
] as const;

/** The times are there in every cgroup, the throttling where the controller is enabled. */
export function v2Cpu(path: string): CpuStats {
  const fields = readFields(`${path}/cpu.stat`);
  const us = (name: string) => (fields.get(name) ?? 0) * NS_PER_US;
  return {
    totalNs: us('usage_usec'),
    userNs: us('user_usec'),
    systemNs: us('system_usec'),
    perCpuNs: [],
    periods: fields.get('nr_periods') ?? 0,
    throttledPeriods: fields.get('nr_throttled') ?? 0,
    throttledNs: us('throttled_usec'),
  };
}

export function v2Memory(path: string): MemoryStats | undefined {
  const usage = readNumber(`${path}/memory.current`);
  if (usage === undefined) return undefined;
  const events = readFields(`${path}/memory.events`);
  return {
    usage,
    maxUsage: readNumber(`${path}/memory.peak`),
    limit: readNumber(`${path}/memory.max`),
    swap: readNumber(`${path}/memory.swap.current`),
    failures: events.get('max') ?? 0,
    oomKills: events.get('oom_kill') ?? 0,
    fields: readFields(`${path}/memory.stat`),
  };
}

/** Lines `8:0 rbytes=4096 wbytes=0 rios=1 …`. */
export function v2BlockIo(path: string): BlockIoStats[] {
  return readLines(`${path}/io.stat`).flatMap(([device = '', ...pairs]) => {
    const [major, minor] = device.split(':').map(Number);
    if (major === undefined || minor === undefined) return [];
    const value = (name: string) => {
      const pair = pairs.find((candidate) => candidate.startsWith(`${name}=`));
      return Number(pair?.slice(name.length + 1) ?? 0);
    };
    return OPERATIONS.map(([operation, bytes, count]) => ({
      major,
      minor,
      operation,
      bytes: value(bytes),
      operations: value(count),
    }));
  });
}

export function v2Hugetlb(path: string): HugetlbStats[] {
  return hugepageSizes(path).flatMap((pageSize) => {
    const usage = readNumber(`${path}/hugetlb.${pageSize}.current`);
    if (usage === undefined) return [];
    const failures = readFields(`${path}/hugetlb.${pageSize}.events`).get('max') ?? 0;
    return [{ pageSize, usage, maxUsage: undefined, failures }];
  });
}
