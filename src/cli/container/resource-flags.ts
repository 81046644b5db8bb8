/** The limits that `run` and `create` set and `update` changes. */

import type { FlagSpec } from '../flags/spec.ts';

export interface CreateFlag extends FlagSpec {
  /** Path in the create request. */
  to?: string;
  /** The list holds `key=value` pairs and the field is an object. */
  map?: boolean;
}

export const resourceFlags: readonly CreateFlag[] = [
  {
    name: 'blkio-weight',
    kind: 'uint16',
    help: 'Block IO relative weight, between 10 and 1000, or 0 to disable',
    to: 'HostConfig.BlkioWeight',
  },
  {
    name: 'cpu-period',
    kind: 'int',
    help: 'Period of the CPU limit in microseconds',
    to: 'HostConfig.CpuPeriod',
  },
  {
    name: 'cpu-quota',
    kind: 'int',
    help: 'CPU time per period in microseconds',
    to: 'HostConfig.CpuQuota',
  },
  {
    name: 'cpu-rt-period',
    kind: 'int',
    help: 'Period of the real-time CPU limit in microseconds',
    to: 'HostConfig.CpuRealtimePeriod',
  },
  {
    name: 'cpu-rt-runtime',
    kind: 'int',
    help: 'Real-time CPU time per period in microseconds',
    to: 'HostConfig.CpuRealtimeRuntime',
  },
  {
    name: 'cpu-shares',
    short: 'c',
    kind: 'int',
    help: 'CPU shares (relative weight)',
    to: 'HostConfig.CpuShares',
  },
  { name: 'cpus', kind: 'nanocpus', help: 'Number of CPUs', to: 'HostConfig.NanoCpus' },
  {
    name: 'cpuset-cpus',
    deprecated: ['-cpuset', '--cpuset'],
    kind: 'string',
    help: 'CPUs in which to allow execution (0-3, 0,1)',
    to: 'HostConfig.CpusetCpus',
  },
  {
    name: 'cpuset-mems',
    kind: 'string',
    help: 'Memory nodes in which to allow execution (0-3, 0,1)',
    to: 'HostConfig.CpusetMems',
  },
  { name: 'memory', short: 'm', kind: 'size', help: 'Memory limit', to: 'HostConfig.Memory' },
  {
    name: 'memory-reservation',
    kind: 'size',
    help: 'Memory soft limit',
    to: 'HostConfig.MemoryReservation',
  },
  {
    name: 'memory-swap',
    kind: 'size-or-unlimited',
    help: "Memory and swap together: '-1' for unlimited swap",
    to: 'HostConfig.MemorySwap',
  },
  {
    name: 'pids-limit',
    kind: 'int',
    help: 'Tune container pids limit (set -1 for unlimited)',
    to: 'HostConfig.PidsLimit',
  },
];
