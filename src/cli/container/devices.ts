/** `--device`, and the limits per device. */

import type { DeviceMapping, ThrottleDevice, WeightDevice } from '../../spec/docker.ts';
import { ValueError } from '../values/number.ts';
import { parseSize } from '../values/size.ts';

/** `/dev/host[:/dev/container][:rwm]`. */
export function parseDevice(text: string): DeviceMapping {
  const [host = '', ...rest] = text.split(':');
  const second = rest[0] ?? '';
  const [target, mode] =
    rest.length === 1 && isMode(second) ? [host, second] : [second || host, rest[1] ?? 'rwm'];
  const broken =
    rest.length > 2 || host === '' || !isMode(mode) || (rest.length > 0 && second === '');
  if (broken) throw new ValueError(`bad format for path: ${text}`);
  for (const path of [host, target]) {
    if (!path.startsWith('/')) throw new ValueError(`${path} is not an absolute path`);
  }
  return { PathOnHost: host, PathInContainer: target, CgroupPermissions: mode };
}

/** `/dev/sda:10mb`. */
export function parseThrottleBps(text: string): ThrottleDevice {
  const { path, value } = splitDevice(text);
  try {
    return { Path: path, Rate: parseSize(value) };
  } catch {
    throw new ValueError(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
    );
  }
}

/** `/dev/sda:1000`. */
export function parseThrottleIops(text: string): ThrottleDevice {
  const { path, value } = splitDevice(text);
  if (!/^[0-9]{1,15}$/.test(value)) {
    throw new ValueError(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>. Number must be a positive integer`,
    );
  }
  return { Path: path, Rate: Number(value) };
}

/** `/dev/sda:500`. */
export function parseWeight(text: string): WeightDevice {
  const { path, value } = splitDevice(text);
  const weight = /^[0-9]{1,4}$/.test(value) ? Number(value) : -1;
  if (weight !== 0 && (weight < 10 || weight > 1000)) {
    throw new ValueError(`invalid weight for device: ${text}`);
  }
  return { Path: path, Weight: weight };
}

function splitDevice(text: string): { path: string; value: string } {
  const colon = text.indexOf(':');
  const path = text.slice(0, Math.max(colon, 0));
  if (path === '') throw new ValueError(`bad format: ${text}`);
  if (!path.startsWith('/dev/')) throw new ValueError(`bad format for device path: ${text}`);
  return { path, value: text.slice(colon + 1) };
}

function isMode(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}
