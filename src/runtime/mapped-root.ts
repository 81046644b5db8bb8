/** The root file system of a container with a user namespace, made by the root of the machine: docs/adr/0026. */

import { posix } from 'node:path';
import { assert } from '../base/errors.ts';
import type { Step } from '../plan/ops.ts';
import type { RuntimeSpec } from '../spec/runtime/index.ts';
import { mapLines } from './ids.ts';
import type { RootSource } from './request.ts';
import { host } from './step.ts';

/** Before the clone, and the last tree that is kept: `root-tree` takes it. */
export function planMappedRoot(rootfs: RootSource, { linux }: RuntimeSpec): Step[] {
  if (rootfs.kind !== 'overlay' || rootfs.mapped !== true) return [];
  const { uidMappings: uids = [], gidMappings: gids = [] } = linux ?? {};
  const directory = posix.dirname(rootfs.upper);
  assert(posix.dirname(rootfs.work) === directory, 'upper and work lie in one mount');
  return [
    ...planStreamOwner(linux),
    host(
      {
        op: 'mapped-overlay',
        lower: rootfs.lower,
        directory,
        upper: posix.basename(rootfs.upper),
        work: posix.basename(rootfs.work),
        uids: mapLines(uids),
        gids: mapLines(gids),
        ...ownerOf(linux),
      },
      'the image, with a writable layer on top; on the disk its ids are those of the container',
    ),
  ];
}

/** What root of the machine makes is nobody's inside; who owns it may give it to the program's user. */
export function planStreamOwner(linux: RuntimeSpec['linux']): Step[] {
  if (linux?.uidMappings === undefined) return [];
  return [
    host({ op: 'stream-owner', ...ownerOf(linux) }, 'the program may open its /dev/stdout again'),
  ];
}

/** The first id of the mapping, on the host. */
function ownerOf(linux: RuntimeSpec['linux']): { uid: number; gid: number } {
  return {
    uid: linux?.uidMappings?.[0]?.hostID ?? 0,
    gid: linux?.gidMappings?.[0]?.hostID ?? 0,
  };
}
