/** Counters of the v1 controllers (https://docs.kernel.org/admin-guide/cgroup-v1/). */

import { readKernelText } from '../host/kernel-files.ts';
import { readFields, readLines, readNumber } from './flat-file.ts';
import { hugepageSizes } from './hugetlb.ts';
import type { BlockIoStats, CpuStats, HugetlbStats, MemoryStats } from './stats.ts';

export function v1Cpu(cpuacct: string, cpu: string | undefined): CpuStats {
  const throttling = readFields(`${cpu ?? ''}/cpu.stat`);
  return {
    totalNs: readNumber(`${cpuacct}/cpuacct.usage`) ?? 0,
    userNs: readNumber(`${cpuacct}/cpuacct.usage_user`) ?? 0,
    systemNs: readNumber(`${cpuacct}/cpuacct.usage_sys`) ?? 0,
    perCpuNs: (readLines(`${cpuacct}/cpuacct.usage_percpu`)[0] ?? []).map(Number),
    periods: throttling.get('nr_periods') ?? 0,
    throttledPeriods: throttling.get('nr_throttled') ?? 0,
    throttledNs: throttling.get('throttled_time') ?? 0,
  };
}

export function v1Memory(path: string): MemoryStats | undefined {
  const usage = readNumber(`${path}/memory.usage_in_bytes`);
  if (usage === undefined) return undefined;
  const withSwap = readNumber(`${path}/memory.memsw.usage_in_bytes`);
  return {
    usage,
    maxUsage: readNumber(`${path}/memory.max_usage_in_bytes`),
    limit: readNumber(`${path}/memory.limit_in_bytes`),
    // Both counters move between the two reads.
    swap: withSwap === undefined ? undefined : Math.max(withSwap - usage, 0),
    failures: readNumber(`${path}/memory.failcnt`) ?? 0,
    oomKills: readFields(`${path}/memory.oom_control`).get('oom_kill') ?? 0,
    fields: readFields(`${path}/memory.stat`),
  };
}

/** BFQ counts only what its scheduler handled, so the counters of the throttling layer are the ones for all devices. */
export function v1BlockIo(path: string): BlockIoStats[] {
  const bytes = operations(`${path}/blkio.throttle.io_service_bytes_recursive`);
  const counts = operations(`${path}/blkio.throttle.io_serviced_recursive`);
  return [...bytes].map(([key, value]) => {
    const [major = 0, minor = 0, name = ''] = key.split(/[: ]/);
    return {
      major: Number(major),
      minor: Number(minor),
      operation: name === 'Read' ? 'read' : name === 'Write' ? 'write' : 'discard',
      bytes: value,
      operations: counts.get(key) ?? 0,
    };
  });
}

export function v1Hugetlb(path: string): HugetlbStats[] {
  return hugepageSizes(path).flatMap((pageSize) => {
    const usage = readNumber(`${path}/hugetlb.${pageSize}.usage_in_bytes`);
    if (usage === undefined) return [];
    const maxUsage = readNumber(`${path}/hugetlb.${pageSize}.max_usage_in_bytes`);
    const failures = Number(readKernelText(`${path}/hugetlb.${pageSize}.failcnt`) ?? 0);
    return [{ pageSize, usage, maxUsage, failures }];
  });
}

/** Lines `8:0 Read 4096` → `8:0 Read` to 4096; sums and the split by synchrony repeat the same bytes. */
function operations(path: string): Map<string, number> {
  const result = new Map<string, number>();
  for (const [device, operation, value] of readLines(path)) {
    if (operation !== 'Read' && operation !== 'Write' && operation !== 'Discard') continue;
    result.set(`${device} ${operation}`, Number(value));
  }
  return result;
}
