/** Entering the root file system and sealing it: what surrounds the mounts. */

import type { Plan, Step } from '../plan/ops.ts';
import type { RuntimeSpec } from '../spec/runtime/index.ts';
import { ATTR, MS } from './linux-flags.ts';
import type { RootSource } from './request.ts';
import { inside } from './step.ts';

/**
 * What happens to mounts of the host after the namespace was copied. Always recursive: one mount left shared would
 * show the container's mounts to the host, or make pivot_root fail.
 */
export function planPropagation(spec: RuntimeSpec, rootMount: string | undefined): Step[] {
  switch (spec.linux?.rootfsPropagation) {
    case 'shared':
    case 'rshared':
      // All stays shared but the mount that the root is made on, whose peers would get a copy of the root.
      return [
        inside(
          { op: 'propagation', target: rootMount ?? '/', flags: MS.private },
          'the root itself stays invisible to the host',
        ),
      ];
    case 'private':
    case 'rprivate':
    case 'unbindable':
    case 'runbindable':
      return [
        inside(
          { op: 'propagation', target: '/', flags: MS.private | MS.rec },
          'no mount shows on the other side, either way',
        ),
      ];
    default:
      return [
        inside(
          { op: 'propagation', target: '/', flags: MS.slave | MS.rec },
          'no mount of the container shows on the host',
        ),
      ];
  }
}

/** `tree`: the number of the root's tree, where `planMappedRoot` has made one. */
export function planRoot(rootfs: RootSource, tree: number): Step[] {
  if (rootfs.kind === 'overlay' && rootfs.mapped === true) {
    return [inside({ op: 'root-tree', tree }, 'targets are resolved inside from here on')];
  }
  if (rootfs.kind === 'directory') {
    return [
      inside(
        { op: 'root', path: rootfs.path, bind: 1 },
        'targets are resolved inside from here on',
      ),
    ];
  }
  return [
    inside(
      {
        op: 'overlay',
        target: rootfs.mountpoint,
        lower: rootfs.lower,
        upper: rootfs.upper,
        work: rootfs.work,
        options: [],
        attributes: 0n,
      },
      'the image, with a writable layer on top; gone with this namespace',
    ),
    inside(
      { op: 'root', path: rootfs.mountpoint, bind: 0 },
      'targets are resolved inside from here on',
    ),
  ];
}

/** The point of no return: host paths cannot be named any more. */
export function planPivot(noPivot: boolean, shared: string | undefined): Step[] {
  if (shared !== undefined) {
    return [inside({ op: 'change-root' }, 'the root becomes /; the mounts are those of the host')];
  }
  return noPivot
    ? [inside({ op: 'move-root' }, 'the root becomes /; a root on initramfs cannot be pivoted')]
    : [inside({ op: 'pivot' }, 'the root becomes /, and the old one is unmounted')];
}

/**
 * Paths are covered after pivot, when only the container's own mounts exist; the root is made read-only last,
 * because whatever is still to be created needs it writable.
 */
export function planSeal(spec: RuntimeSpec): Plan {
  const steps: Step[] = [];
  for (const path of spec.linux?.readonlyPaths ?? []) {
    steps.push(inside({ op: 'read-only', path }, 'settings of the whole machine'));
  }
  for (const path of spec.linux?.maskedPaths ?? []) {
    steps.push(inside({ op: 'mask', path }, 'tells of or reaches into the machine'));
  }
  if (spec.root?.readonly === true) {
    steps.push(
      inside(
        {
          op: 'mount-attributes',
          target: '/',
          set: ATTR.rdonly,
          clear: 0n,
          recursive: 0,
          propagation: 0n,
        },
        'a read-only root, last: everything above may have made a directory',
      ),
    );
  }
  const late = LATE_PROPAGATION[spec.linux?.rootfsPropagation ?? ''];
  if (late !== undefined) {
    steps.push(
      inside({ op: 'propagation', target: '/', flags: late }, "the root's own propagation"),
    );
  }
  return steps;
}

/** These must not be in force while the root is being built. */
const LATE_PROPAGATION: Readonly<Record<string, bigint | undefined>> = {
  shared: MS.shared,
  rshared: MS.shared | MS.rec,
  unbindable: MS.unbindable,
  runbindable: MS.unbindable | MS.rec,
};
