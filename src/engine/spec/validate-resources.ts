/** Limits that cannot work, refused before anything is made, in Docker's words. */

import { TiffinError } from '../../base/errors.ts';
import type { HostFacts } from '../../host/facts.ts';
import type { Resources } from '../../spec/docker.ts';

const MIN_MEMORY = 6 * 1024 * 1024;

interface Rule {
  broken: (host: Resources, facts: HostFacts) => boolean;
  message: (host: Resources, facts: HostFacts) => string;
}

const RULES: readonly Rule[] = [
  {
    broken: (host) => host.Memory !== 0 && host.Memory < MIN_MEMORY,
    message: () => 'Minimum memory limit allowed is 6MB',
  },
  {
    broken: (host) => host.Memory === 0 && host.MemorySwap > 0,
    message: () => 'You should always set the Memory limit when using Memoryswap limit, see usage',
  },
  {
    broken: (host) => host.MemorySwap > 0 && host.MemorySwap < host.Memory,
    message: () => 'Minimum memoryswap limit should be larger than memory limit, see usage',
  },
  {
    broken: (host) => host.MemoryReservation !== 0 && host.MemoryReservation < MIN_MEMORY,
    message: () => 'Minimum memory reservation allowed is 6MB',
  },
  {
    broken: (host) => host.Memory > 0 && host.MemoryReservation > host.Memory,
    message: () => 'Minimum memory limit can not be less than memory reservation limit, see usage',
  },
  {
    broken: (host) =>
      host.MemorySwappiness !== null && (host.MemorySwappiness < -1 || host.MemorySwappiness > 100),
    message: (host) =>
      `Invalid value: ${host.MemorySwappiness}, valid memory swappiness range is 0-100`,
  },
  {
    broken: (host) => host.NanoCpus !== 0 && (host.CpuPeriod !== 0 || host.CpuQuota !== 0),
    message: (host) =>
      `Conflicting options: Nano CPUs and CPU ${host.CpuPeriod === 0 ? 'Quota' : 'Period'} cannot both be set.`,
  },
  {
    broken: (host, facts) => host.NanoCpus < 0 || host.NanoCpus > facts.cpuCount * 1e9,
    message: (_, facts) =>
      `Range of CPUs is from 0.01 to ${facts.cpuCount}.00, as there are only ${facts.cpuCount} CPUs available`,
  },
  {
    broken: (host) => host.CpuShares < 0,
    message: (host) =>
      `Invalid value: ${host.CpuShares}, shares must be greater than or equal to 0`,
  },
  {
    broken: (host) => host.CpuPeriod !== 0 && (host.CpuPeriod < 1000 || host.CpuPeriod > 1_000_000),
    message: () =>
      'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
  },
  {
    broken: (host) => host.CpuQuota > 0 && host.CpuQuota < 1000,
    message: () => 'CPU cfs quota can not be less than 1ms (i.e. 1000)',
  },
  {
    broken: (host) => host.BlkioWeight !== 0 && (host.BlkioWeight < 10 || host.BlkioWeight > 1000),
    message: () => 'Range of blkio weight is from 10 to 1000',
  },
  {
    broken: (host, facts) => !fitsCpuset(host.CpusetCpus, facts.cpuCount),
    message: (host, facts) =>
      `Requested CPUs are not available - requested ${host.CpusetCpus.slice(0, 80)}, available: 0-${facts.cpuCount - 1}`,
  },
  {
    broken: (host) => !fitsCpuset(host.CpusetMems, MAX_NODES),
    message: (host) => `Invalid value ${host.CpusetMems.slice(0, 80)} for cpuset mems`,
  },
];

const MAX_NODES = 1024;

/** Throws `invalid` with the first rule that is broken. */
export function validateResources(host: Resources, facts: HostFacts): void {
  const rule = RULES.find((candidate) => candidate.broken(host, facts));
  if (rule !== undefined) {
    throw new TiffinError('invalid', 'bad-resources', rule.message(host, facts));
  }
}

/** `0-2,7`: every number below `count`. No list is ever spread out: `0-4294967295` costs nothing (CVE-2018-20699). */
function fitsCpuset(text: string, count: number): boolean {
  if (text === '') return true;
  if (text.length > 1024) return false;
  return text.split(',').every((part) => {
    const [low = '', high = low, ...rest] = part.split('-');
    const decimal = /^[0-9]{1,5}$/;
    if (rest.length > 0 || !decimal.test(low) || !decimal.test(high)) return false;
    return Number(low) <= Number(high) && Number(high) < count;
  });
}

export function noBlockDevice(path: string): TiffinError {
  return new TiffinError('invalid', 'no-such-device', `${path}: not a block device`, {
    hint: 'name a block device of the host, for example /dev/sda',
  });
}
