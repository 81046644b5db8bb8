/** The mounts of config.json, in its order. All happen before pivot, while host sources can still be named. */

import { posix } from 'node:path';
import { TiffinError } from '../base/errors.ts';
import type { Step } from '../plan/ops.ts';
import type { Mount } from '../spec/runtime/index.ts';
import { type CgroupMountContext, planCgroupMount } from './cgroup-mount.ts';
import { ATTR, MS } from './linux-flags.ts';
import { type MountOptions, parseMountOptions } from './mount-options.ts';
import { inside } from './step.ts';
import { planHostView, refuseUnmappedOwner, type UserMountContext } from './user-mounts.ts';

export interface MountContext extends CgroupMountContext, UserMountContext {
  /** Relative sources are relative to it. */
  bundle: string;
  /** SELinux label for mounts that can carry one; empty: none. */
  label: string;
}

export interface MountPlan {
  steps: Step[];
  /** Run after everything was made that has to be made inside of the mounts. */
  late: Step[];
  /** Normalised target of every mount. */
  targets: Map<string, 'bind' | 'new'>;
}

/** File systems whose superblock is shared or virtual: read-only is a property of their mount alone. */
const VIRTUAL = new Set(['proc', 'sysfs', 'tmpfs', 'ramfs', 'devpts', 'mqueue', 'overlay']);
/** File systems that take SELinux's `context=`; the others have no labels or share one superblock. */
const LABELLED = new Set(['tmpfs', 'ramfs', 'devpts', 'overlay']);

export function planMounts(mounts: readonly Mount[], context: MountContext): MountPlan {
  const plan: MountPlan = { steps: [], late: [], targets: new Map() };
  for (const [index, mount] of mounts.entries()) {
    const target = containerPath(mount.destination);
    const options = parseMountOptions(mount.options ?? []);
    if (options.idmap) {
      throw new TiffinError(
        'unsupported',
        'idmapped-mount',
        `mounts[${index}].options: id-mapped mounts are not supported`,
      );
    }
    refuseUnmappedOwner(mount, `mounts[${index}]`, context);
    const bind = options.bind || mount.type === 'bind';
    plan.targets.set(target, bind ? 'bind' : 'new');
    plan.steps.push(...planMount(mount, target, options, bind, context, plan.late));
  }
  return plan;
}

/** Absolute and without `..`: a destination that is not absolute is taken from the root, as other runtimes do. */
export function containerPath(path: string): string {
  const normal = posix.normalize(`/${path}`);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

function planMount(
  mount: Mount,
  target: string,
  options: MountOptions,
  bind: boolean,
  context: MountContext,
  late: Step[],
): Step[] {
  if (options.remount) return changeAttributes(target, options, options.set, options.clear);
  if (bind) return planBind(mount, target, options, context);
  if (mount.type === 'cgroup' || mount.type === 'cgroup2') {
    return [...planCgroupMount(target, options, context), ...propagate(target, options)];
  }
  return planNew(mount, target, options, context, late);
}

function planBind(
  mount: Mount,
  target: string,
  options: MountOptions,
  context: MountContext,
): Step[] {
  const source = posix.resolve(context.bundle, mount.source ?? '');
  const recursive = options.recursiveBind || !options.bind;
  return [
    inside(
      {
        op: 'bind',
        source,
        target,
        recursive: recursive ? 1 : 0,
        set: options.set,
        clear: options.clear,
        deep: 0,
        create: 3,
        propagation: 0n,
      },
      `show ${source} of the host${options.set & ATTR.rdonly ? ', read-only' : ''}`,
    ),
    ...changeAttributes(target, options, 0n, 0n),
  ];
}

function planNew(
  mount: Mount,
  target: string,
  options: MountOptions,
  context: MountContext,
  late: Step[],
): Step[] {
  const fstype = mount.type ?? '';
  const view = planHostView(fstype, target, options, context);
  if (view !== undefined) return [view, ...changeAttributes(target, options, 0n, 0n)];
  const data = [options.data];
  if (options.set & ATTR.rdonly && !VIRTUAL.has(fstype)) data.push('ro');
  if (context.label !== '' && LABELLED.has(fstype)) data.push(`context="${context.label}"`);
  let flags = options.set;
  if (fstype === 'tmpfs' && flags & ATTR.rdonly) {
    // Later mounts and device nodes have their places made inside of it first.
    flags &= ~ATTR.rdonly;
    late.push(
      inside(
        {
          op: 'mount-attributes',
          target,
          set: ATTR.rdonly,
          clear: 0n,
          recursive: 0,
          propagation: 0n,
        },
        'read-only, now that all places inside are made',
      ),
    );
  }
  const text = data.filter((part) => part !== '').join(',');
  const made: Step =
    fstype === 'tmpfs' && options.tmpcopyup
      ? inside(
          { op: 'copy-into-tmpfs', target, attributes: flags, data: text },
          'memory that starts with what the image has there',
        )
      : inside(
          {
            op: 'mount',
            source: mount.source ?? fstype,
            target,
            fstype,
            flags,
            data: text,
            create: 1,
          },
          REASONS[fstype] ?? 'a mount of the configuration',
        );
  return [made, ...changeAttributes(target, options, 0n, 0n)];
}

const REASONS: Readonly<Record<string, string>> = {
  proc: 'processes of this pid namespace only',
  sysfs: "devices and the network namespace's interfaces",
  tmpfs: 'memory that goes with the container',
  devpts: 'terminals of its own',
  mqueue: 'message queues of this ipc namespace',
};

/** What one mount operation cannot say: attributes for everything below, and propagation. */
function changeAttributes(
  target: string,
  options: MountOptions,
  set: bigint,
  clear: bigint,
): Step[] {
  const steps: Step[] = [];
  if (set !== 0n || clear !== 0n) {
    steps.push(
      inside(
        { op: 'mount-attributes', target, set, clear, recursive: 0, propagation: 0n },
        'change an existing mount',
      ),
    );
  }
  if (options.recursiveSet !== 0n || options.recursiveClear !== 0n) {
    steps.push(
      inside(
        {
          op: 'mount-attributes',
          target,
          set: options.recursiveSet,
          clear: options.recursiveClear,
          recursive: 1,
          propagation: 0n,
        },
        'the same for every mount below',
      ),
    );
  }
  return [...steps, ...propagate(target, options)];
}

function propagate(target: string, options: MountOptions): Step[] {
  return options.propagation.map((flags) =>
    inside(
      {
        op: 'mount-attributes',
        target,
        set: 0n,
        clear: 0n,
        recursive: flags & MS.rec ? 1 : 0,
        propagation: flags & ~MS.rec,
      },
      'which later mounts are seen on the other side',
    ),
  );
}
