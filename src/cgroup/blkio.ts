/** Block devices: linux.resources.blockIO. */

import type { LinuxBlockIO, LinuxThrottleDevice } from '../spec/runtime/resources.ts';
import { type CgroupWrite, type Controller, ENOENT, write } from './controller.ts';

/** Field of blockIO → v1 file, key in v2's io.max, words. */
const THROTTLES = [
  ['throttleReadBpsDevice', 'blkio.throttle.read_bps_device', 'rbps', 'bytes read per second'],
  ['throttleWriteBpsDevice', 'blkio.throttle.write_bps_device', 'wbps', 'bytes written per second'],
  ['throttleReadIOPSDevice', 'blkio.throttle.read_iops_device', 'riops', 'reads per second'],
  ['throttleWriteIOPSDevice', 'blkio.throttle.write_iops_device', 'wiops', 'writes per second'],
] as const;

export const blkio: Controller = {
  v1Name: 'blkio',
  v2Name: 'io',
  v1: ({ blockIO }, { facts }) => {
    if (blockIO === undefined) return [];
    // Linux 5.0 removed the scheduler behind blkio.weight; BFQ has its own files.
    const prefix = facts.kernel.major >= 5 ? 'blkio.bfq.weight' : 'blkio.weight';
    return [
      ...(blockIO.weight ? [write(prefix, blockIO.weight, weightWhy)] : []),
      ...weightDevices(blockIO, `${prefix}_device`, (weight) => weight),
      ...v1Throttles(blockIO),
    ];
  },
  v2: ({ blockIO }) => {
    if (blockIO === undefined) return [];
    return [...v2Weight(blockIO), ...v2Throttles(blockIO)];
  },
};

const weightWhy = 'share of block device time among its siblings';

/** blkio.weight (10 to 1000) on the scale of io.weight (1 to 10000). */
export function ioWeight(weight: number): number {
  const bounded = Math.min(Math.max(weight, 10), 1000);
  return 1 + Math.floor(((bounded - 10) * 9999) / 990);
}

/**
 * BFQ and the cost model have one file each, present when the kernel has them. A weight is advice among siblings and
 * does nothing without one of the two, so neither absence is an error.
 */
function v2Weight(blockIO: LinuxBlockIO): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (blockIO.weight) {
    writes.push(write('io.bfq.weight', blockIO.weight, weightWhy, [ENOENT]));
    writes.push(write('io.weight', `default ${ioWeight(blockIO.weight)}`, weightWhy, [ENOENT]));
  }
  for (const item of weightDevices(blockIO, 'io.bfq.weight', (weight) => weight)) {
    writes.push({ ...item, ignore: [ENOENT] });
  }
  for (const item of weightDevices(blockIO, 'io.weight', ioWeight)) {
    writes.push({ ...item, ignore: [ENOENT] });
  }
  return writes;
}

function weightDevices(
  blockIO: LinuxBlockIO,
  file: string,
  convert: (weight: number) => number,
): CgroupWrite[] {
  return (blockIO.weightDevice ?? []).flatMap(({ major, minor, weight }) =>
    weight
      ? [write(file, `${major}:${minor} ${convert(weight)}`, `${weightWhy}, ${major}:${minor}`)]
      : [],
  );
}

function v1Throttles(blockIO: LinuxBlockIO): CgroupWrite[] {
  return THROTTLES.flatMap(([field, file, , words]) =>
    (blockIO[field] ?? []).map((device) =>
      write(file, `${deviceNumber(device)} ${device.rate ?? 0}`, throttleWhy(device, words)),
    ),
  );
}

function v2Throttles(blockIO: LinuxBlockIO): CgroupWrite[] {
  return THROTTLES.flatMap(([field, , key, words]) =>
    (blockIO[field] ?? []).map((device) =>
      write(
        'io.max',
        `${deviceNumber(device)} ${key}=${device.rate ? device.rate : 'max'}`,
        throttleWhy(device, words),
      ),
    ),
  );
}

function deviceNumber({ major, minor }: LinuxThrottleDevice): string {
  return `${major}:${minor}`;
}

function throttleWhy(device: LinuxThrottleDevice, words: string): string {
  return device.rate
    ? `device ${deviceNumber(device)}: at most ${device.rate} ${words}`
    : `device ${deviceNumber(device)}: no limit of ${words}`;
}
