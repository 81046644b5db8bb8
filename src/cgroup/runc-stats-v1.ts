/** runc's statistics from v1 controllers. */

import { readExact, readExactFields, readLines } from './flat-file.ts';
import { type Exact, memoryEntry, present } from './runc-stats.ts';

/** USER_HZ of every architecture that Tiffin runs on. */
const NS_PER_TICK = 10_000_000n;

export function v1CpuUsage(cpuacct: string, cpu: string): Exact {
  const ticks = readExactFields(`${cpuacct}/cpuacct.stat`);
  const throttling = readExactFields(`${cpu}/cpu.stat`);
  // A head line, then `processor user system`.
  const [, ...processors] = readLines(`${cpuacct}/cpuacct.usage_all`);
  return {
    usage: {
      ...present({
        total: readExact(`${cpuacct}/cpuacct.usage`),
        percpu: (readLines(`${cpuacct}/cpuacct.usage_percpu`)[0] ?? []).map(BigInt),
        percpu_kernel: processors.map(([, , system = '0']) => BigInt(system)),
        percpu_user: processors.map(([, user = '0']) => BigInt(user)),
      }),
      kernel: (ticks.get('system') ?? 0n) * NS_PER_TICK,
      user: (ticks.get('user') ?? 0n) * NS_PER_TICK,
    },
    throttling: present({
      periods: throttling.get('nr_periods'),
      throttledPeriods: throttling.get('nr_throttled'),
      throttledTime: throttling.get('throttled_time'),
    }),
  };
}

const CPUSET_NUMBERS = [
  'mem_hardwall',
  'mem_exclusive',
  'memory_migrate',
  'memory_spread_page',
  'memory_spread_slab',
  'memory_pressure',
  'sched_load_balance',
] as const;

/** All zero without a v1 cpuset, as runc has it on v2. */
export function v1CpuSet(path: string): Exact {
  const number = (name: string) => (path === '' ? undefined : readExact(`${path}/cpuset.${name}`));
  const level =
    path === '' ? '' : (readLines(`${path}/cpuset.sched_relax_domain_level`)[0]?.[0] ?? '');
  return {
    ...present({ cpus: numbersOf(path, 'cpus') }),
    cpu_exclusive: number('cpu_exclusive') ?? 0n,
    ...present({ mems: numbersOf(path, 'mems') }),
    ...Object.fromEntries(CPUSET_NUMBERS.map((name) => [name, number(name) ?? 0n])),
    // The only signed one.
    sched_relax_domain_level: /^-?\d{1,9}$/.test(level) ? BigInt(level) : 0n,
  };
}

/** `0-2,4` → 0, 1, 2, 4. */
function numbersOf(path: string, name: string): bigint[] {
  const text = path === '' ? '' : (readLines(`${path}/cpuset.${name}`)[0]?.[0] ?? '');
  return text.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map((part) => Number.parseInt(part, 10));
    if (first === undefined || last === undefined || !(last >= first)) return [];
    return Array.from({ length: last - first + 1 }, (_, index) => BigInt(first + index));
  });
}

export function v1MemoryUsage(path: string): Exact {
  const raw = readExactFields(`${path}/memory.stat`);
  return {
    ...present({ cache: raw.get('cache') }),
    usage: entry(path, 'memory'),
    swap: entry(path, 'memory.memsw'),
    kernel: entry(path, 'memory.kmem'),
    kernelTCP: entry(path, 'memory.kmem.tcp'),
    raw: Object.fromEntries(raw),
  };
}

function entry(path: string, name: string): Exact {
  const number = (field: string) => readExact(`${path}/${name}.${field}`);
  return memoryEntry({
    limit: number('limit_in_bytes'),
    usage: number('usage_in_bytes'),
    max: number('max_usage_in_bytes'),
    failcnt: number('failcnt'),
  });
}

/** Name in the event → file. */
const BFQ = {
  ioServiceBytesRecursive: 'bfq.io_service_bytes_recursive',
  ioServicedRecursive: 'bfq.io_serviced_recursive',
  ioQueueRecursive: 'bfq.io_queued_recursive',
  ioServiceTimeRecursive: 'bfq.io_service_time_recursive',
  ioWaitTimeRecursive: 'bfq.io_wait_time_recursive',
  ioMergedRecursive: 'bfq.io_merged_recursive',
  ioTimeRecursive: 'bfq.time_recursive',
  sectorsRecursive: 'bfq.sectors_recursive',
};
const THROTTLE = {
  ioServiceBytesRecursive: 'throttle.io_service_bytes_recursive',
  ioServicedRecursive: 'throttle.io_serviced_recursive',
};

/** The scheduler's counters where it counts, else those of the throttling layer. */
export function v1Blkio(path: string): Exact {
  for (const files of [BFQ, THROTTLE]) {
    const tables = Object.entries(files).map(([name, file]) => [name, table(path, file)] as const);
    if (tables.some(([, rows]) => rows.length > 0)) return present(Object.fromEntries(tables));
  }
  return {};
}

/** Lines `8:0 Read 4096`, or `8:0 4096`; the sum at the end has no device. */
function table(path: string, file: string): Exact[] {
  return readLines(`${path}/blkio.${file}`).flatMap((line) => {
    const [major, minor] = (line[0] ?? '').split(':');
    const value = line.at(-1) ?? '';
    if (major === undefined || minor === undefined || !/^\d{1,20}$/.test(value)) return [];
    const op = line.length > 2 ? (line[1] ?? '') : undefined;
    return [present({ major: BigInt(major), minor: BigInt(minor), op, value: BigInt(value) })];
  });
}
