/** Device nodes and the device rules of the cgroup: `--device`, `--device-cgroup-rule`, `--privileged`. */

import { TiffinError } from '../../base/errors.ts';
import type { DeviceMapping, HostConfig } from '../../spec/docker.ts';
import type { LinuxDevice, LinuxDeviceCgroup } from '../../spec/runtime/index.ts';

/** Looks at host device nodes: the one door of this conversion to the machine. */
export interface DeviceDoor {
  /** The node, or undefined when it is absent or no device; a directory gives what lies below it. */
  read(path: string): readonly HostDevice[];
  /** Every node below /dev that a privileged container gets. */
  all(): readonly HostDevice[];
}

export interface HostDevice {
  path: string;
  type: 'c' | 'b';
  major: number;
  minor: number;
  /** Permission bits. */
  mode: number;
  uid: number;
  gid: number;
}

export interface DevicePlan {
  devices: LinuxDevice[];
  rules: LinuxDeviceCgroup[];
}

/** What every container may use: memory devices, terminals, and making (not opening) nodes. */
const DEFAULT_RULES: readonly LinuxDeviceCgroup[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  character(1, 3), // null
  character(1, 5), // zero
  character(1, 7), // full
  character(1, 8), // random
  character(1, 9), // urandom
  character(5, 0), // tty
  character(5, 1), // console
  character(5, 2), // ptmx
  { allow: true, type: 'c', major: 136, access: 'rwm' }, // pts
];

export function toDevices(host: HostConfig, door: DeviceDoor): DevicePlan {
  if (host.DeviceRequests.length > 0) {
    const driver = host.DeviceRequests[0]?.Driver ?? '';
    throw new TiffinError(
      'unsupported',
      'no-device-driver',
      `could not select device driver "${driver}" with capabilities: ${JSON.stringify(host.DeviceRequests[0]?.Capabilities ?? [])}`,
    );
  }
  if (host.Privileged) {
    const devices = door.all().map((device) => node(device, device.path));
    return { devices, rules: [{ allow: true, access: 'rwm' }] };
  }
  const mapped = host.Devices.flatMap((mapping) => mapDevice(mapping, door));
  return {
    devices: mapped.map((entry) => entry.device),
    rules: [
      ...DEFAULT_RULES,
      ...mapped.map((entry) => entry.rule),
      ...host.DeviceCgroupRules.map(parseDeviceRule),
    ],
  };
}

/** `c 1:3 rwm`, with `*` for a number. Throws `invalid`. */
export function parseDeviceRule(text: string): LinuxDeviceCgroup {
  const [type = '', numbers = '', access = '', ...rest] = text.split(' ');
  const [major, minor] = numbers.split(':');
  const known = type === 'a' || type === 'b' || type === 'c';
  if (!known || rest.length > 0 || !isAccess(access)) throw invalidRule(text);
  return {
    allow: true,
    type,
    major: ruleNumber(major, text),
    minor: ruleNumber(minor, text),
    access,
  };
}

function ruleNumber(part: string | undefined, text: string): number {
  if (part === '*') return -1;
  if (part === undefined || !/^[0-9]{1,8}$/.test(part)) throw invalidRule(text);
  return Number(part);
}

function mapDevice(
  mapping: DeviceMapping,
  door: DeviceDoor,
): { device: LinuxDevice; rule: LinuxDeviceCgroup }[] {
  const access = mapping.CgroupPermissions === '' ? 'rwm' : mapping.CgroupPermissions;
  if (!isAccess(access)) {
    throw new TiffinError('invalid', 'bad-device', `invalid device mode: ${access}`);
  }
  const found = door.read(mapping.PathOnHost);
  if (found.length === 0) {
    throw new TiffinError(
      'invalid',
      'no-such-device',
      `error gathering device information while adding custom device "${mapping.PathOnHost}": no such file or directory`,
    );
  }
  const target = mapping.PathInContainer === '' ? mapping.PathOnHost : mapping.PathInContainer;
  return found.map((device) => ({
    device: node(device, target + device.path.slice(mapping.PathOnHost.length)),
    rule: { allow: true, type: device.type, major: device.major, minor: device.minor, access },
  }));
}

function node(device: HostDevice, path: string): LinuxDevice {
  const { type, major, minor, mode, uid, gid } = device;
  return { path, type, major, minor, fileMode: mode, uid, gid };
}

function isAccess(text: string): boolean {
  return text.length > 0 && text.length <= 3 && [...text].every((letter) => 'rwm'.includes(letter));
}

function character(major: number, minor: number): LinuxDeviceCgroup {
  return { allow: true, type: 'c', major, minor, access: 'rwm' };
}

function invalidRule(text: string): TiffinError {
  const shown = JSON.stringify(text.slice(0, 80));
  return new TiffinError(
    'invalid',
    'bad-device-rule',
    `invalid device cgroup rule format: ${shown}`,
  );
}
