/**
 * The root of a container that shares the host's mount namespace (config-linux.md «Namespaces»: a type that is not named is
 * inherited). It is mounted on a directory of its own, so that what is mounted below can be taken away with it, and nothing
 * that the caller had mounted before.
 */

import { posix } from 'node:path';
import type { Stage, Step } from '../plan/ops.ts';
import { MS } from './linux-flags.ts';
import type { RootSource } from './request.ts';
import { inside } from './step.ts';

/** Beside the state, not in it: whoever removes a state directory with all that is in it must not get at a root. */
export function sharedRootOf(stateRoot: string, id: string): string {
  return posix.join(`${stateRoot}.roots`, id);
}

export function planSharedRoot(rootfs: RootSource, shared: string): Step[] {
  const source = rootfs.kind === 'directory' ? rootfs.path : rootfs.mountpoint;
  return [
    inside(
      { op: 'directory', path: posix.dirname(shared), mode: 0o700, uid: 0, gid: 0 },
      'only root finds the way to the mounts of containers',
    ),
    inside(
      {
        op: 'bind',
        source,
        target: shared,
        recursive: 1,
        set: 0n,
        clear: 0n,
        deepSet: 0n,
        deepClear: 0n,
        create: 1,
        propagation: MS.private | MS.rec,
        tree: 0,
      },
      'the root, in the mount namespace of the host, as the configuration has none',
    ),
    inside({ op: 'root', path: shared, bind: 0 }, 'targets are resolved inside from here on'),
  ];
}

/** All that was mounted below goes too. */
export function planUnmount(shared: string, stage: Stage): Step[] {
  return [
    { stage, op: { op: 'unmount', path: shared }, why: 'the mounts end with their container' },
    { stage, op: { op: 'remove-directory', path: shared }, why: 'nothing is mounted on it' },
  ];
}

/** The way of a further process into such a container. */
export function planEnterShared(shared: string | undefined): Step[] {
  if (shared === undefined) return [];
  return [
    inside({ op: 'root', path: shared, bind: 0 }, "the container's root"),
    inside({ op: 'change-root' }, 'not the root of the host, whose mounts it shares'),
  ];
}
