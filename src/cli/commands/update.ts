/** `tiffin update`. */

import type { ContainerUpdateResponse } from '../../spec/docker.ts';
import { CliError, type Command } from '../command.ts';
import { parseRestartPolicy } from '../container/create-request.ts';
import { forEach } from '../each.ts';
import type { FlagSpec } from '../flags/spec.ts';
import { ValueError } from '../values/number.ts';

const flags: readonly (FlagSpec & { to: string })[] = [
  {
    name: 'blkio-weight',
    kind: 'uint16',
    help: 'Block IO relative weight, between 10 and 1000, or 0 to disable',
    to: 'BlkioWeight',
  },
  {
    name: 'cpu-period',
    kind: 'int',
    help: 'Period of the CPU limit in microseconds',
    to: 'CpuPeriod',
  },
  { name: 'cpu-quota', kind: 'int', help: 'CPU time per period in microseconds', to: 'CpuQuota' },
  {
    name: 'cpu-rt-period',
    kind: 'int',
    help: 'Period of the real-time CPU limit in microseconds',
    to: 'CpuRealtimePeriod',
  },
  {
    name: 'cpu-rt-runtime',
    kind: 'int',
    help: 'Real-time CPU time per period in microseconds',
    to: 'CpuRealtimeRuntime',
  },
  {
    name: 'cpu-shares',
    short: 'c',
    kind: 'int',
    help: 'CPU shares (relative weight)',
    to: 'CpuShares',
  },
  { name: 'cpus', kind: 'nanocpus', help: 'Number of CPUs', to: 'NanoCpus' },
  {
    name: 'cpuset-cpus',
    kind: 'string',
    help: 'CPUs in which to allow execution (0-3, 0,1)',
    to: 'CpusetCpus',
  },
  {
    name: 'cpuset-mems',
    kind: 'string',
    help: 'Memory nodes in which to allow execution (0-3, 0,1)',
    to: 'CpusetMems',
  },
  { name: 'memory', short: 'm', kind: 'size', help: 'Memory limit', to: 'Memory' },
  { name: 'memory-reservation', kind: 'size', help: 'Memory soft limit', to: 'MemoryReservation' },
  {
    name: 'memory-swap',
    kind: 'size-or-unlimited',
    help: 'Memory and swap together: -1 for unlimited swap',
    to: 'MemorySwap',
  },
  {
    name: 'pids-limit',
    kind: 'int',
    help: 'Tune container pids limit (set -1 for unlimited)',
    to: 'PidsLimit',
  },
  {
    name: 'restart',
    kind: 'string',
    help: 'Restart policy to apply when a container exits',
    to: 'RestartPolicy',
  },
];

export const update: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Update configuration of one or more containers',
  flags,
  args: { min: 1 },
  run: async ({ args, flags: values, client, out }) => {
    if (!values.any())
      throw new CliError('you must provide one or more flags when using this command');
    const body: Record<string, unknown> = {};
    for (const { name, to } of flags) {
      const value = values.given(name);
      if (value !== undefined)
        body[to] = name === 'restart' ? restartPolicy(values.text(name)) : value;
    }
    return forEach(args, out, async (name) => {
      const target = `/containers/${encodeURIComponent(name)}/update`;
      const answer = await client.json<ContainerUpdateResponse>('POST', target, body);
      for (const warning of answer.Warnings ?? []) out.error(`${warning}\n`);
      return name;
    });
  },
};

function restartPolicy(text: string): object {
  try {
    return parseRestartPolicy(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new CliError(error.message);
  }
}
