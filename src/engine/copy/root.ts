/** The way into a container's files: its own mounts while it runs, the same mounts in a private namespace while it does not. */

import { existsSync } from 'node:fs';
import type { Step } from '../../plan/ops.ts';
import { ATTR, CLONE } from '../../runtime/linux-flags.ts';
import type { Container } from '../containers/container.ts';
import type { MountRecord } from '../containers/mount-record.ts';
import { etcFiles } from '../launch/etc-files.ts';
import type { Parts } from '../parts.ts';
import { containerPaths } from '../paths.ts';
import { hasOwnUsers } from '../spec/user-namespace.ts';

export interface ContainerRoot extends Disposable {
  container: Container;
  steps: Step[];
}

/** Held until it is disposed: a container that does not run cannot start meanwhile, as its changes must not be mounted twice. */
export async function openRoot(parts: Parts, reference: string): Promise<ContainerRoot> {
  const container = parts.containers.get(reference);
  await container.settled();
  if (container.isLive) return { container, steps: joined(container), [Symbol.dispose]: () => {} };
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const turn = container.turns.run(() => {
    opened.resolve();
    return closed.promise;
  });
  turn.catch(() => undefined);
  await opened.promise;
  // It may have been started or removed by whoever had the turn before.
  if (container.isLive || parts.containers.find(container.id) === undefined) {
    closed.resolve();
    return openRoot(parts, container.id);
  }
  return { container, steps: mounted(parts, container), [Symbol.dispose]: () => closed.resolve() };
}

/** Only the mounts are shared with the container: no process of it can see or reach the one that copies. */
function joined({ state, definition }: Container): Step[] {
  const own = hasOwnUsers(definition.hostConfig);
  return [
    {
      stage: 'inside',
      op: {
        op: 'join-process',
        pid: state.pid,
        startTime: BigInt(state.startTime),
        flags: own ? CLONE.mount | CLONE.user : CLONE.mount,
      },
      why: 'the mounts as the container has them',
    },
    ...(own ? AS_ROOT : []),
  ];
}

/** Owners are told and given as the container sees them. */
const AS_ROOT: readonly Step[] = [
  {
    stage: 'inside',
    op: { op: 'user', user: '0', group: '0', groups: [], lookup: 0 },
    why: 'as root of its user namespace',
  },
  { stage: 'inside', op: { op: 'identity' }, why: 'what is made belongs to an id that it has' },
];

function mounted(parts: Parts, { id, definition }: Container): Step[] {
  const { upper, work, mountpoint } = containerPaths(parts.paths, id);
  const lower = parts.images.layersOf(definition.imageId);
  const options: string[] = [];
  return [
    {
      stage: 'inside',
      op: {
        op: 'overlay',
        target: mountpoint,
        lower,
        upper,
        work,
        options,
        attributes: ATTR.nosuid,
      },
      why: 'the container, in a mount namespace of its own',
    },
    {
      stage: 'inside',
      op: { op: 'root', path: mountpoint, bind: 0 },
      why: 'names are resolved inside of it, whatever its links say',
    },
    ...etcBinds(parts, definition),
    ...definition.mounts.filter(hasSource).map(bind),
  ];
}

function hasSource(mount: MountRecord): boolean {
  return mount.source !== '' && existsSync(mount.source);
}

function etcBinds(parts: Parts, definition: Container['definition']): Step[] {
  const files = etcFiles(parts, definition);
  return [
    { source: files.hosts, destination: '/etc/hosts', readOnly: false },
    { source: files.hostname, destination: '/etc/hostname', readOnly: false },
    { source: files.resolvConf, destination: '/etc/resolv.conf', readOnly: false },
  ]
    .filter(({ source }) => source !== '' && existsSync(source))
    .map(bind);
}

function bind({
  source,
  destination,
  readOnly,
}: Pick<MountRecord, 'source' | 'destination' | 'readOnly'>): Step {
  return {
    stage: 'inside',
    op: {
      op: 'bind',
      source,
      target: destination,
      recursive: 1,
      set: 0n,
      clear: 0n,
      deepSet: readOnly ? ATTR.rdonly : 0n,
      deepClear: 0n,
      create: 3,
      propagation: 0n,
      tree: 0,
    },
    why: `what the container has at ${destination}`,
  };
}
