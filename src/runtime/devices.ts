/** /dev: the nodes and links that every container has, and those of config.json. */

import type { Step } from '../plan/ops.ts';
import type { LinuxDevice, RuntimeSpec } from '../spec/runtime/index.ts';
import { S_IF } from './linux-flags.ts';
import { containerPath } from './mounts.ts';
import { inside } from './step.ts';

/** Runtime-spec config-linux.md «Default Devices». */
const DEFAULTS: readonly LinuxDevice[] = [
  { type: 'c', path: '/dev/null', major: 1, minor: 3 },
  { type: 'c', path: '/dev/zero', major: 1, minor: 5 },
  { type: 'c', path: '/dev/full', major: 1, minor: 7 },
  { type: 'c', path: '/dev/random', major: 1, minor: 8 },
  { type: 'c', path: '/dev/urandom', major: 1, minor: 9 },
  { type: 'c', path: '/dev/tty', major: 5, minor: 0 },
];

/** Runtime-spec runtime-linux.md «Dev symbolic links», and the pty multiplexer of the container's own devpts. */
const LINKS: readonly (readonly [path: string, value: string])[] = [
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/core', '/proc/kcore'],
  ['/dev/ptmx', 'pts/ptmx'],
];

const TYPES = { c: S_IF.chr, u: S_IF.chr, b: S_IF.blk, p: S_IF.fifo } as const;

/** Nothing when /dev is bound from somewhere: its owner decided what is in it. */
export function planDevices(
  spec: RuntimeSpec,
  targets: ReadonlyMap<string, 'bind' | 'new'>,
): Step[] {
  if (targets.get('/dev') === 'bind') return [];
  const own = spec.linux?.devices ?? [];
  const taken = new Set(own.map(({ path }) => containerPath(path)));
  const nodes = [...DEFAULTS.filter(({ path }) => !taken.has(path)), ...own].filter(
    ({ path }) => !targets.has(containerPath(path)),
  );
  return [
    ...nodes.map(planNode),
    ...LINKS.filter(([path]) => !targets.has(path) && !taken.has(path)).map(([path, value]) =>
      inside({ op: 'symlink', value, path }, 'where programs expect it'),
    ),
  ];
}

function planNode(device: LinuxDevice): Step {
  const path = containerPath(device.path);
  return inside(
    {
      op: 'device',
      path,
      type: TYPES[device.type],
      major: device.major ?? 0,
      minor: device.minor ?? 0,
      mode: device.fileMode === undefined ? 0o666 : device.fileMode & 0o7777,
      uid: device.uid ?? 0,
      gid: device.gid ?? 0,
      // Bound instead of made where a user namespace forbids mknod(2).
      source: path,
    },
    DEFAULTS.includes(device)
      ? 'a device without which few programs run'
      : 'a device of the configuration',
  );
}
