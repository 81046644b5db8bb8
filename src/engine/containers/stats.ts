/** `stats`: one reading of a container's counters. */

import { readFileSync } from 'node:fs';
import { type CgroupStats, type MemoryStats, readStats } from '../../cgroup/index.ts';
import type {
  BlkioEntry,
  BlkioStats,
  ContainerStats,
  CpuStats,
  NetworkStats,
  MemoryStats as ShownMemory,
} from '../../spec/docker.ts';
import type { Parts } from '../parts.ts';
import { formatTime, nowNs } from '../time.ts';
import type { Container } from './container.ts';
import { NEVER } from './record.ts';

/** USER_HZ is 100 everywhere. */
const NS_PER_TICK = 10_000_000;

/** Of a container that does not run: its name and zeros, as Docker answers. */
export function containerStats(parts: Parts, reference: string): ContainerStats {
  const container = parts.containers.get(reference);
  const { cgroup } = container.state;
  if (!container.isLive || cgroup === undefined) return idleStats(container);
  const stats = readStats(cgroup);
  const networks = networkStats(container.state.pid);
  return {
    ...idleStats(container),
    read: formatTime(nowNs()),
    pids_stats: pidsStats(stats),
    blkio_stats: blkioStats(stats),
    cpu_stats: cpuStats(stats, parts.facts.cpuCount),
    memory_stats: memoryStats(stats.memory, parts.facts.memoryTotal),
    ...(networks === undefined ? {} : { networks }),
  };
}

function idleStats(container: Container): ContainerStats {
  return {
    name: `/${container.name}`,
    id: container.id,
    read: NEVER,
    preread: NEVER,
    precpu_stats: noCpu(),
    pids_stats: {},
    blkio_stats: NO_BLKIO,
    num_procs: 0,
    storage_stats: {},
    cpu_stats: noCpu(),
    memory_stats: {},
  };
}

function noCpu(): CpuStats {
  return {
    cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
    throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
  };
}

const NO_BLKIO: BlkioStats = {
  io_service_bytes_recursive: null,
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
};

function cpuStats({ cpu }: CgroupStats, processors: number): CpuStats {
  return {
    cpu_usage: {
      total_usage: cpu.totalNs,
      ...(cpu.perCpuNs.length === 0 ? {} : { percpu_usage: cpu.perCpuNs }),
      usage_in_kernelmode: cpu.systemNs,
      usage_in_usermode: cpu.userNs,
    },
    system_cpu_usage: machineCpuNs(readFileSync('/proc/stat', 'utf8')),
    online_cpus: processors,
    throttling_data: {
      periods: cpu.periods,
      throttled_periods: cpu.throttledPeriods,
      throttled_time: cpu.throttledNs,
    },
  };
}

/** Time of all processors in all states, proc_stat(5); guest time is part of user time already. */
export function machineCpuNs(stat: string): number {
  const line = stat.slice(0, stat.indexOf('\n'));
  const ticks = line.split(/ +/).slice(1, 9).map(Number);
  return ticks.reduce((sum, value) => sum + value, 0) * NS_PER_TICK;
}

function memoryStats(memory: MemoryStats | undefined, total: number): ShownMemory {
  if (memory === undefined) return {};
  const { usage, maxUsage, limit, failures, fields } = memory;
  return {
    usage,
    ...(maxUsage === undefined ? {} : { max_usage: maxUsage }),
    stats: Object.fromEntries(fields),
    failcnt: failures,
    // Without a limit of its own the machine's memory is the limit.
    limit: Math.min(limit ?? total, total),
  };
}

function pidsStats({ pids }: CgroupStats): ContainerStats['pids_stats'] {
  if (pids === undefined) return {};
  return { current: pids.current, ...(pids.limit === undefined ? {} : { limit: pids.limit }) };
}

function blkioStats({ blockIo }: CgroupStats): BlkioStats {
  const entries = (value: (item: (typeof blockIo)[number]) => number): BlkioEntry[] =>
    blockIo.map((item) => ({
      major: item.major,
      minor: item.minor,
      op: item.operation,
      value: value(item),
    }));
  return {
    ...NO_BLKIO,
    io_service_bytes_recursive: entries((item) => item.bytes),
    io_serviced_recursive: entries((item) => item.operations),
  };
}

/** The interfaces of the container's network namespace; undefined when it has none but loop-back. */
function networkStats(pid: number): Record<string, NetworkStats> | undefined {
  try {
    const found = parseNetDev(readFileSync(`/proc/${pid}/net/dev`, 'utf8'));
    return Object.keys(found).length === 0 ? undefined : found;
  } catch {
    // The process has just ended.
    return undefined;
  }
}

/** proc_pid_net(5): two lines of titles, then `name: 8 numbers received, 8 sent`. */
export function parseNetDev(text: string): Record<string, NetworkStats> {
  const interfaces: Record<string, NetworkStats> = Object.create(null);
  for (const line of text.split('\n').slice(2)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim();
    if (name === '' || name === 'lo') continue;
    const counters = line
      .slice(colon + 1)
      .trim()
      .split(/ +/)
      .map(Number);
    const at = (index: number): number => counters[index] ?? 0;
    interfaces[name] = {
      rx_bytes: at(0),
      rx_packets: at(1),
      rx_errors: at(2),
      rx_dropped: at(3),
      tx_bytes: at(8),
      tx_packets: at(9),
      tx_errors: at(10),
      tx_dropped: at(11),
    };
  }
  return interfaces;
}
