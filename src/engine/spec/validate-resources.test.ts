import { expect, test } from 'bun:test';
import { gatherFacts } from '../../host/facts.ts';
import type { HostConfig } from '../../spec/docker.ts';
import { hostConfig } from '../testing/create-request.ts';
import { validateResources } from './validate-resources.ts';

const facts = { ...gatherFacts(), cpuCount: 2 };
const MiB = 1024 * 1024;

const broken: [Partial<HostConfig>, string][] = [
  [{ Memory: MiB }, 'Minimum memory limit allowed is 6MB'],
  [{ MemorySwap: MiB }, 'You should always set the Memory limit'],
  [{ Memory: 20 * MiB, MemorySwap: 10 * MiB }, 'should be larger than memory limit'],
  [{ NanoCpus: 3e9 }, 'Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'],
  [{ NanoCpus: 1e9, CpuPeriod: 10_000 }, 'Nano CPUs and CPU Period cannot both be set'],
  [{ CpuPeriod: 10 }, 'CPU cfs period can not be less than 1ms'],
  [{ CpusetCpus: '0-2' }, 'Requested CPUs are not available - requested 0-2, available: 0-1'],
  [{ CpusetCpus: '0-4294967295' }, 'Requested CPUs are not available'],
  [{ CpusetCpus: '1-0' }, 'Requested CPUs are not available'],
  [{ BlkioWeight: 5 }, 'Range of blkio weight is from 10 to 1000'],
];

test('validateResources refuses limits that cannot work in the words of docker', () => {
  for (const [host, message] of broken) {
    expect(() => validateResources(hostConfig(host), facts)).toThrow(message);
  }
});

test('validateResources lets what works pass', () => {
  validateResources(hostConfig(), facts);
  validateResources(
    hostConfig({ Memory: 6 * MiB, MemorySwap: -1, CpusetCpus: '0,1', NanoCpus: 1e7 }),
    facts,
  );
});
