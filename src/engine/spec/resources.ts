/** Limits: `--memory`, `--cpus`, `--pids-limit` and kin → the cgroup part of the runtime specification. */

import type { HostFacts } from '../../host/facts.ts';
import type { Resources, ThrottleDevice } from '../../spec/docker.ts';
import type {
  LinuxBlockIO,
  LinuxCpu,
  LinuxMemory,
  LinuxResources,
  LinuxThrottleDevice,
} from '../../spec/runtime/index.ts';
import type { DeviceDoor } from './devices.ts';
import { noBlockDevice } from './validate-resources.ts';

const CPU_PERIOD_US = 100_000;

/** Without the device rules; see `toDevices`. */
export function toResources(host: Resources, facts: HostFacts, door: DeviceDoor): LinuxResources {
  const memory = toMemory(host, facts);
  const cpu = toCpu(host);
  const blockIO = toBlockIo(host, door);
  return {
    ...(isEmpty(memory) ? {} : { memory }),
    ...(isEmpty(cpu) ? {} : { cpu }),
    ...(isEmpty(blockIO) ? {} : { blockIO }),
    ...((host.PidsLimit ?? 0) > 0 ? { pids: { limit: host.PidsLimit ?? 0 } } : {}),
  };
}

function toMemory(host: Resources, facts: HostFacts): LinuxMemory {
  const memory: LinuxMemory = {};
  if (host.Memory > 0) memory.limit = host.Memory;
  if (host.MemoryReservation > 0) memory.reservation = host.MemoryReservation;
  const swap = swapLimit(host);
  if (swap !== 0 && facts.swapAccounting) memory.swap = swap;
  if (host.MemorySwappiness !== null && host.MemorySwappiness >= 0) {
    memory.swappiness = host.MemorySwappiness;
  }
  if (host.OomKillDisable === true) memory.disableOOMKiller = true;
  return memory;
}

/** Docker's rule: as much swap as memory unless something else is said. 0: no limit is written. */
export function swapLimit(host: Resources): number {
  if (host.MemorySwap !== 0) return host.MemorySwap;
  return host.Memory > 0 ? host.Memory * 2 : 0;
}

function toCpu(host: Resources): LinuxCpu {
  const cpu: LinuxCpu = {};
  if (host.CpuShares > 0) cpu.shares = Math.max(host.CpuShares, 2);
  if (host.NanoCpus > 0) {
    cpu.period = CPU_PERIOD_US;
    cpu.quota = Math.round((host.NanoCpus / 1e9) * CPU_PERIOD_US);
  }
  if (host.CpuPeriod > 0) cpu.period = host.CpuPeriod;
  if (host.CpuQuota !== 0) cpu.quota = host.CpuQuota;
  if (host.CpuRealtimePeriod > 0) cpu.realtimePeriod = host.CpuRealtimePeriod;
  if (host.CpuRealtimeRuntime > 0) cpu.realtimeRuntime = host.CpuRealtimeRuntime;
  if (host.CpusetCpus !== '') cpu.cpus = host.CpusetCpus;
  if (host.CpusetMems !== '') cpu.mems = host.CpusetMems;
  return cpu;
}

function toBlockIo(host: Resources, door: DeviceDoor): LinuxBlockIO {
  const blockIo: LinuxBlockIO = {};
  if (host.BlkioWeight > 0) blockIo.weight = host.BlkioWeight;
  if (host.BlkioWeightDevice.length > 0) {
    blockIo.weightDevice = host.BlkioWeightDevice.map((entry) => ({
      ...numbers(entry.Path, door),
      weight: entry.Weight,
    }));
  }
  const throttles: [readonly ThrottleDevice[], (list: LinuxThrottleDevice[]) => LinuxBlockIO][] = [
    [host.BlkioDeviceReadBps, (list) => ({ throttleReadBpsDevice: list })],
    [host.BlkioDeviceWriteBps, (list) => ({ throttleWriteBpsDevice: list })],
    [host.BlkioDeviceReadIOps, (list) => ({ throttleReadIOPSDevice: list })],
    [host.BlkioDeviceWriteIOps, (list) => ({ throttleWriteIOPSDevice: list })],
  ];
  for (const [devices, field] of throttles) {
    if (devices.length === 0) continue;
    const list = devices.map((entry) => ({ ...numbers(entry.Path, door), rate: entry.Rate }));
    Object.assign(blockIo, field(list));
  }
  return blockIo;
}

function numbers(path: string, door: DeviceDoor): { major: number; minor: number } {
  const [device, ...more] = door.read(path);
  if (device === undefined || more.length > 0 || device.type !== 'b') throw noBlockDevice(path);
  return { major: device.major, minor: device.minor };
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}
