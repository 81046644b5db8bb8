/** How a container sees its own control groups below /sys/fs/cgroup: cgroups(7). */

import { posix } from 'node:path';
import type { CgroupPaths } from '../cgroup/types.ts';
import type { HostFacts } from '../host/facts.ts';
import type { Step } from '../plan/ops.ts';
import { ATTR } from './linux-flags.ts';
import type { MountOptions } from './mount-options.ts';
import { inside } from './step.ts';

export interface CgroupMountContext {
  facts: HostFacts;
  cgroups: CgroupPaths;
  /** The container has a cgroup namespace of its own. */
  cgroupNamespace: boolean;
}

/** With v1 hierarchies a tmpfs with one directory per hierarchy, else the v2 hierarchy alone. */
export function planCgroupMount(
  target: string,
  options: MountOptions,
  context: CgroupMountContext,
): Step[] {
  const { mode } = context.facts.cgroup;
  if (mode === 'none') return [];
  return mode === 'v2'
    ? planUnified(target, options, context)
    : planHierarchies(target, options, context);
}

function planUnified(target: string, options: MountOptions, context: CgroupMountContext): Step[] {
  // A container without a group of its own is in its caller's.
  const { v2 = '', own } = context.facts.cgroup;
  const group = context.cgroups.v2 === '' ? v2 + (own[''] ?? '') : context.cgroups.v2;
  if (!context.cgroupNamespace) return [bindOwn(group, target, options)];
  return [
    inside(
      {
        op: 'mount',
        source: 'cgroup',
        target,
        fstype: 'cgroup2',
        flags: options.set,
        data: options.data,
        create: 1,
        propagation: 0n,
      },
      'its own control group is the top of what it sees',
    ),
  ];
}

/**
 * Each hierarchy is bound from the container's own directory rather than mounted anew: the view is the same, it
 * needs no cgroup namespace, and no other container's group can be reached through it (CVE-2023-25809).
 */
function planHierarchies(
  target: string,
  options: MountOptions,
  context: CgroupMountContext,
): Step[] {
  const { facts, cgroups } = context;
  const steps: Step[] = [
    inside(
      {
        op: 'mount',
        source: 'tmpfs',
        target,
        fstype: 'tmpfs',
        flags: options.set & ~ATTR.rdonly,
        data: 'mode=755',
        create: 1,
        propagation: 0n,
      },
      'one directory for each hierarchy of control groups',
    ),
  ];
  const bound = new Set<string>();
  for (const [controller, mountpoint] of Object.entries(facts.cgroup.v1)) {
    const own = cgroups.v1[controller];
    if (own === undefined) continue;
    const name = posix.basename(mountpoint);
    if (!bound.has(name)) steps.push(bindOwn(own, posix.join(target, name), options));
    bound.add(name);
    const alias = controller.replace(/^name=/, '');
    if (alias === name || bound.has(alias)) continue;
    bound.add(alias);
    steps.push(
      inside(
        { op: 'symlink', value: name, path: posix.join(target, alias) },
        `${alias} is counted together with others`,
      ),
    );
  }
  if (facts.cgroup.v2 !== undefined && cgroups.v2 !== '') {
    steps.push(bindOwn(cgroups.v2, posix.join(target, posix.basename(facts.cgroup.v2)), options));
  }
  if (options.set & ATTR.rdonly) {
    steps.push(
      inside(
        {
          op: 'mount-attributes',
          target,
          set: ATTR.rdonly,
          clear: 0n,
          recursive: 0,
          propagation: 0n,
        },
        'nothing is to be made beside the hierarchies',
      ),
    );
  }
  return steps;
}

function bindOwn(source: string, target: string, options: MountOptions): Step {
  return inside(
    {
      op: 'bind',
      source,
      target,
      recursive: 0,
      // Nothing in it has an access time.
      set: options.set & ~ATTR.atimeMask,
      clear: options.clear & ~ATTR.atimeMask,
      deepSet: 0n,
      deepClear: 0n,
      create: 1,
      propagation: 0n,
      tree: 0,
    },
    `its own group${options.set & ATTR.rdonly ? ', read-only' : ''}`,
  );
}
