/** A reading of a container's counters as a row of `stats`. */

import type { ContainerStats } from '../../spec/docker.ts';
import { binarySize, decimalSize } from '../values/size.ts';
import type { ListFormat, Row } from './list.ts';
import { shortId } from './words.ts';

export const statsList: ListFormat = {
  type: 'stats',
  id: 'ID',
  columns: ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'],
  headers: {
    ID: 'CONTAINER ID',
    Container: 'CONTAINER',
    Name: 'NAME',
    CPUPerc: 'CPU %',
    MemUsage: 'MEM USAGE / LIMIT',
    MemPerc: 'MEM %',
    NetIO: 'NET I/O',
    BlockIO: 'BLOCK I/O',
    PIDs: 'PIDS',
  },
};

export interface StatsName {
  id: string;
  name: string;
  /** As the person wrote it. */
  asked: string;
}

/** `stats` undefined: nothing heard yet. Of a container that does not run all counters are zero. */
export function statsRow(name: StatsName, stats: ContainerStats | undefined, full: boolean): Row {
  const head = {
    ID: full ? name.id : shortId(name.id),
    Container: name.asked,
    Name: name.name === '' ? '--' : name.name,
  };
  if (stats === undefined) {
    const unknown = {
      CPUPerc: '--',
      MemUsage: '-- / --',
      MemPerc: '--',
      NetIO: '--',
      BlockIO: '--',
      PIDs: '--',
    };
    return { ...head, ...unknown };
  }
  const used = memoryUsed(stats);
  const limit = stats.memory_stats.limit ?? 0;
  return {
    ...head,
    CPUPerc: percent(cpuPercent(stats)),
    MemUsage: `${binarySize(used)} / ${binarySize(limit)}`,
    MemPerc: percent(limit === 0 ? 0 : (used / limit) * 100),
    NetIO: networkText(stats),
    BlockIO: blockText(stats),
    PIDs: String(stats.pids_stats.current ?? 0),
  };
}

/** Of one processor: 200% are two busy ones. */
export function cpuPercent(stats: ContainerStats): number {
  const { cpu_stats: now, precpu_stats: before } = stats;
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  if (used <= 0 || passed <= 0) return 0;
  const processors = now.online_cpus || (now.cpu_usage.percpu_usage?.length ?? 0);
  return (used / passed) * processors * 100;
}

/** Without the page cache that the kernel would give up first. */
export function memoryUsed(stats: ContainerStats): number {
  const { usage = 0, stats: details = {} } = stats.memory_stats;
  const cache = details.total_inactive_file ?? details.inactive_file ?? 0;
  return cache < usage ? usage - cache : usage;
}

function networkText(stats: ContainerStats): string {
  const interfaces = Object.values(stats.networks ?? {});
  const received = interfaces.reduce((sum, one) => sum + one.rx_bytes, 0);
  const sent = interfaces.reduce((sum, one) => sum + one.tx_bytes, 0);
  return `${decimalSize(received, 3)} / ${decimalSize(sent, 3)}`;
}

function blockText(stats: ContainerStats): string {
  const entries = stats.blkio_stats.io_service_bytes_recursive ?? [];
  const sum = (letter: string) =>
    entries
      .filter((entry) => entry.op.toLowerCase().startsWith(letter))
      .reduce((total, entry) => total + entry.value, 0);
  return `${decimalSize(sum('r'), 3)} / ${decimalSize(sum('w'), 3)}`;
}

function percent(value: number): string {
  return `${value.toFixed(2)}%`;
}
