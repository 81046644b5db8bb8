/** The mounts of config.json, in its order. All happen before pivot, while host sources can still be named. */

import { posix } from 'node:path';
import { TiffinError } from '../base/errors.ts';
import type { Step } from '../plan/ops.ts';
import type { Mount, RuntimeSpec } from '../spec/runtime/index.ts';
import { type CgroupMountContext, planCgroupMount } from './cgroup-mount.ts';
import { LentTrees } from './lent-trees.ts';
import { ATTR, MS } from './linux-flags.ts';
import { MappedTrees } from './mapped-mounts.ts';
import { type MountOptions, parseMountOptions } from './mount-options.ts';
import { inside } from './step.ts';
import { planHostView, refuseUnmappedOwner, type UserMountContext } from './user-mounts.ts';

export interface MountContext extends CgroupMountContext, UserMountContext {
  /** Relative sources are relative to it. */
  bundle: string;
  spec: RuntimeSpec;
  /** See `LaunchRequest`. */
  subpaths?: ReadonlyMap<string, string>;
  sharedBinds?: ReadonlySet<string>;
  /** Sources are opened by the launching process, not by the container's. */
  lend: boolean;
}

interface Planned extends MountContext {
  trees: MappedTrees;
  lent: LentTrees;
  late: Step[];
}

export interface MountPlan {
  /** Before the clone: trees whose owners are mapped. */
  host: Step[];
  /** While `steps` run. */
  beside: Step[];
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
  const trees = new MappedTrees(context.spec);
  const lent = new LentTrees();
  const steps: Step[] = [];
  const late: Step[] = [];
  const targets: MountPlan['targets'] = new Map();
  for (const [index, mount] of mounts.entries()) {
    const target = containerPath(mount.destination);
    const options = parseMountOptions(mount.options ?? []);
    refuseUnmappedOwner(mount, `mounts[${index}]`, context);
    const bind = options.bind || mount.type === 'bind';
    if (bind) refuseForeign(options, `mounts[${index}].options`);
    targets.set(target, bind ? 'bind' : 'new');
    steps.push(...planMount(mount, target, options, bind, { ...context, trees, lent, late }));
  }
  return { host: trees.steps, beside: lent.steps, steps, late, targets };
}

/**
 * A bind shows a file system that is mounted already: a misspelt `ro` would silently leave it writable. `size=1k` cannot be
 * such a word; it means nothing to a bind (mount(2) «Creating a bind mount»).
 */
function refuseForeign(options: MountOptions, field: string): void {
  const foreign = options.foreign.filter((word) => !word.includes('='));
  if (foreign.length === 0) return;
  throw new TiffinError(
    'invalid',
    'mount-option',
    `${field}: bind mounts cannot have any filesystem-specific options applied: "${foreign.join(',')}"`,
  );
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
  context: Planned,
): Step[] {
  if (options.remount) return changeAttributes(target, options, options.set, options.clear);
  if (bind) return planBind(mount, target, options, context);
  if (mount.type === 'cgroup' || mount.type === 'cgroup2') {
    return [
      ...planCgroupMount(target, options, context),
      ...propagate(target, options.propagation),
    ];
  }
  return planNew(mount, target, options, context);
}

function planBind(mount: Mount, target: string, options: MountOptions, context: Planned): Step[] {
  const [propagation = 0n, ...more] = options.propagation;
  const source = posix.resolve(context.bundle, mount.source ?? '');
  const recursive = options.recursiveBind || !options.bind;
  const below = context.subpaths?.get(mount.destination);
  if (below !== undefined) {
    return [
      inside(
        {
          op: 'bind-below',
          source,
          path: below,
          target,
          recursive: recursive ? 1 : 0,
          set: options.set | options.recursiveSet,
          clear: options.clear | options.recursiveClear,
          propagation,
        },
        `show ${below} of ${source}${readOnlyWords(options)}`,
      ),
      ...propagate(target, more),
    ];
  }
  return [
    inside(
      {
        op: 'bind',
        source,
        target,
        recursive: recursive ? 1 : 0,
        set: options.set,
        clear: options.clear,
        deepSet: options.recursiveSet,
        deepClear: options.recursiveClear,
        create: 3,
        propagation,
        tree: treeOf(mount, options, source, recursive, context),
      },
      `show ${source} of the host${readOnlyWords(options)}`,
    ),
    ...propagate(target, more),
  ];
}

/** See the op `bind`. */
function treeOf(
  mount: Mount,
  options: MountOptions,
  source: string,
  recursive: boolean,
  { sharedBinds, trees, lent, lend }: Planned,
): number {
  if (sharedBinds?.has(mount.destination)) return trees.share(source, recursive);
  const mapped = trees.add(mount, options, source, recursive);
  return mapped === 0 && lend ? lent.lend(source, recursive) : mapped;
}

function readOnlyWords({ set, recursiveSet }: MountOptions): string {
  if (recursiveSet & ATTR.rdonly) return ', read-only with all below';
  return set & ATTR.rdonly ? ', read-only' : '';
}

function planNew(mount: Mount, target: string, options: MountOptions, context: Planned): Step[] {
  const { spec, facts, late } = context;
  const asked = spec.linux?.mountLabel ?? '';
  const label = asked !== '' && facts.selinux ? asked : '';
  const [propagation = 0n, ...more] = options.propagation;
  const fstype = mount.type ?? '';
  const view = planHostView(fstype, target, options, context);
  if (view !== undefined) return [view, ...changeAttributes(target, options, 0n, 0n)];
  const data = [options.data];
  // A new mount has nothing below: what is said of everything below is said of itself.
  let flags = (options.set & ~options.recursiveClear) | options.recursiveSet;
  if (flags & ATTR.rdonly && !VIRTUAL.has(fstype)) data.push('ro');
  if (label !== '' && LABELLED.has(fstype)) data.push(`context="${label}"`);
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
  if (fstype === 'tmpfs' && options.tmpcopyup) {
    return [
      inside(
        { op: 'copy-into-tmpfs', target, attributes: flags, data: text },
        'memory that starts with what the image has there',
      ),
      ...propagate(target, options.propagation),
    ];
  }
  return [
    inside(
      {
        op: 'mount',
        source: mount.source ?? fstype,
        target,
        fstype,
        flags,
        data: text,
        create: 1,
        propagation,
      },
      REASONS[fstype] ?? 'a mount of the configuration',
    ),
    ...propagate(target, more),
  ];
}

const REASONS: Readonly<Record<string, string>> = {
  proc: 'processes of this pid namespace only',
  sysfs: "devices and the network namespace's interfaces",
  tmpfs: 'memory that goes with the container',
  devpts: 'terminals of its own',
  mqueue: 'message queues of this ipc namespace',
};

/** Of a mount that is there already. */
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
  return [...steps, ...propagate(target, options.propagation)];
}

function propagate(target: string, kinds: readonly bigint[]): Step[] {
  return kinds.map((flags) =>
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
