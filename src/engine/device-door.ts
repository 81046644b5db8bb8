/** Host device nodes, as the spec conversion asks for them. */

import { readdirSync, type Stats, statSync } from 'node:fs';
import type { DeviceDoor, HostDevice } from './spec/devices.ts';

/** A directory of devices may nest this deep; /dev/bus/usb needs three. */
const MAX_DEPTH = 4;

/** Nodes of a privileged container that it has of its own or that would take the host's terminals. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  'pts',
  'shm',
  'fd',
  'mqueue',
  'console',
  'ptmx',
  'null',
  'zero',
  'full',
  'random',
  'urandom',
  'tty',
  'core',
  'log',
]);

export const deviceDoor: DeviceDoor = {
  read: (path) => [...devicesAt(path, 0)],
  all: () =>
    names('/dev').flatMap((name) => (OWN_NAMES.has(name) ? [] : [...devicesAt(`/dev/${name}`, 1)])),
};

function* devicesAt(path: string, depth: number): Iterable<HostDevice> {
  const found = statOf(path);
  if (found === undefined) return;
  if (found.isDirectory() && depth < MAX_DEPTH) {
    for (const name of names(path)) yield* devicesAt(`${path}/${name}`, depth + 1);
  } else if (found.isCharacterDevice() || found.isBlockDevice()) {
    yield toDevice(path, found);
  }
}

function toDevice(path: string, found: Stats): HostDevice {
  const { rdev, mode, uid, gid } = found;
  const { major, minor } = splitNumber(BigInt(rdev));
  return {
    path,
    type: found.isBlockDevice() ? 'b' : 'c',
    major,
    minor,
    mode: mode & 0o777,
    uid,
    gid,
  };
}

/** makedev(3): 12 bits of major and 20 bits of minor, interleaved. */
function splitNumber(rdev: bigint): { major: number; minor: number } {
  const major = ((rdev >> 8n) & 0xfffn) + ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) + ((rdev >> 12n) & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function names(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
