/** Processor time: linux.resources.cpu without the cpuset part. */

import { TiffinError } from '../base/errors.ts';
import type { LinuxCpu } from '../spec/runtime/resources.ts';
import {
  type CgroupWrite,
  type Controller,
  EINVAL,
  type LimitContext,
  write,
} from './controller.ts';

const DEFAULT_SHARES = 1024;
const MIN_SHARES = 2;
const MAX_SHARES = 262_144;

export const cpu: Controller = {
  v1Name: 'cpu',
  v2Name: 'cpu',
  v1: ({ cpu }, { when }) => {
    if (cpu === undefined) return [];
    return [
      ...idle(cpu),
      ...shares(cpu, 'cpu.shares', (value) => value),
      ...realtime(cpu),
      ...around(burst(cpu, 'cpu.cfs_burst_us'), v1Bandwidth(cpu, when === 'update'), when),
    ];
  },
  v2: ({ cpu }, { when }) => {
    if (cpu === undefined) return [];
    if (cpu.realtimePeriod !== undefined || cpu.realtimeRuntime !== undefined) {
      throw new TiffinError(
        'unsupported',
        'no-realtime-limits',
        'linux.resources.cpu.realtimeRuntime: cgroup v2 has no realtime limits',
        { hint: 'remove realtimeRuntime and realtimePeriod' },
      );
    }
    return [
      ...idle(cpu),
      ...shares(cpu, 'cpu.weight', weightOfShares),
      ...around(burst(cpu, 'cpu.max.burst'), v2Bandwidth(cpu), when),
    ];
  },
};

/**
 * cpu.shares (2 to 262144, default 1024) as cpu.weight (1 to 10000, default 100). A parabola in the logarithms through
 * both ends and both defaults: a straight line would turn the default shares into weight 39.
 */
export function weightOfShares(shares: number): number {
  if (shares <= MIN_SHARES) return 1;
  if (shares >= MAX_SHARES) return 10_000;
  if (shares === DEFAULT_SHARES) return 100;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

function idle(cpu: LinuxCpu): CgroupWrite[] {
  return cpu.idle === undefined ? [] : [write('cpu.idle', cpu.idle, 'scheduling class idle')];
}

function shares(cpu: LinuxCpu, file: string, convert: (shares: number) => number): CgroupWrite[] {
  // The kernel refuses a weight for an idle cgroup; 0 means that none was asked for.
  if (cpu.shares === undefined || cpu.shares === 0 || cpu.idle === 1) return [];
  return [write(file, convert(cpu.shares), `${cpu.shares} cpu shares among its siblings`)];
}

function realtime(cpu: LinuxCpu): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  // The period first: the runtime must fit into it.
  if (cpu.realtimePeriod) {
    writes.push(write('cpu.rt_period_us', cpu.realtimePeriod, 'realtime period'));
  }
  if (cpu.realtimeRuntime) {
    writes.push(write('cpu.rt_runtime_us', cpu.realtimeRuntime, 'realtime time per period'));
  }
  return writes;
}

function v1Bandwidth(cpu: LinuxCpu, update: boolean): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  const { period, quota } = cpu;
  // With a quota in force, a shorter period may ask for more than the parent grants until the new quota is there.
  if (period && quota && update) {
    writes.push(write('cpu.cfs_period_us', period, 'first try of the new period', [EINVAL]));
    writes.push(write('cpu.cfs_quota_us', quotaText(quota), bandwidthWhy(cpu)));
    writes.push(write('cpu.cfs_period_us', period, 'period of the quota'));
    return writes;
  }
  if (period) writes.push(write('cpu.cfs_period_us', period, 'period of the quota'));
  if (quota) writes.push(write('cpu.cfs_quota_us', quotaText(quota), bandwidthWhy(cpu)));
  return writes;
}

function quotaText(quota: number): string {
  return quota < 0 ? '-1' : String(quota);
}

function v2Bandwidth(cpu: LinuxCpu): CgroupWrite[] {
  const { period, quota } = cpu;
  if (!quota && !period) return [];
  const max = !quota || quota < 0 ? 'max' : String(quota);
  return [write('cpu.max', period ? `${max} ${period}` : max, bandwidthWhy(cpu))];
}

function bandwidthWhy({ quota, period }: LinuxCpu): string {
  if (!quota || quota < 0) return 'no quota of processor time';
  return `at most ${quota} us of processor time in ${period ?? 100_000} us`;
}

function burst(cpu: LinuxCpu, file: string): CgroupWrite[] {
  return cpu.burst === undefined ? [] : [write(file, cpu.burst, 'saved-up time for bursts')];
}

/** The kernel keeps the burst within the quota at each write: a smaller one goes through ahead of it, a larger one after it. */
function around(
  bursts: readonly CgroupWrite[],
  bandwidth: readonly CgroupWrite[],
  when: LimitContext['when'],
): CgroupWrite[] {
  if (when === 'create') return [...bandwidth, ...bursts];
  const first = bursts.map((item) => ({ ...item, ignore: [EINVAL] }));
  return [...first, ...bandwidth, ...bursts];
}
