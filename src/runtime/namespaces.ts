/** Which namespaces a container makes, which it joins, and when. */

import { TiffinError } from '../base/errors.ts';
import type { Step } from '../plan/ops.ts';
import type { NamespaceType, RuntimeSpec } from '../spec/runtime/index.ts';
import { CLONE } from './linux-flags.ts';
import { enter, inside } from './step.ts';

export interface NamespacePlan {
  /** Flags of clone3: the namespaces that are new from the container's first instruction. */
  cloneFlags: bigint;
  /** Joins and namespaces that must exist before the clone. */
  enterSteps: Step[];
  /** Unshared inside, once the process stands in its cgroups. */
  cgroupSteps: Step[];
  /** Inside a new user namespace, which must own the clocks; before the process hides from ptrace. */
  timeSteps: Step[];
  created: ReadonlySet<NamespaceType>;
  joined: ReadonlySet<NamespaceType>;
}

const encoder = new TextEncoder();

/** `privileged`: the caller is root of the machine, not of a user namespace. */
export function planNamespaces(spec: RuntimeSpec, privileged: boolean): NamespacePlan {
  const created = new Set<NamespaceType>();
  const joins: { type: NamespaceType; path: string }[] = [];
  for (const { type, path } of spec.linux?.namespaces ?? []) {
    if (path === undefined || path === '') created.add(type);
    else joins.push({ type, path });
  }
  const timeSteps = created.has('time') ? planTime(spec, created.has('user')) : [];
  let cloneFlags = 0n;
  for (const type of created) {
    // A cgroup namespace made by clone would have the launcher's cgroup as its root, even with
    // CLONE_INTO_CGROUP: the kernel copies it before the child is attached.
    if (type === 'cgroup' || (type === 'time' && timeSteps.length > 0)) continue;
    cloneFlags |= CLONE[type];
  }
  return {
    cloneFlags,
    enterSteps: [
      ...planJoins(joins, privileged),
      ...timeSteps.filter(({ stage }) => stage === 'enter'),
    ],
    timeSteps: timeSteps.filter(({ stage }) => stage === 'inside'),
    cgroupSteps: created.has('cgroup')
      ? [
          inside(
            { op: 'unshare', flags: CLONE.cgroup },
            'the container sees its own cgroup as the top; only after it was joined',
          ),
        ]
      : [],
    created,
    joined: new Set(joins.map(({ type }) => type)),
  };
}

/**
 * Namespaces are joined before the clone: a pid namespace takes effect for children only, and a process that
 * is already in a new user namespace has no rights over namespaces of the old one. The user namespace is the last
 * for root of the machine, who owns all the others, and the first for everybody else, whose rights come from it.
 */
function planJoins(joins: { type: NamespaceType; path: string }[], privileged: boolean): Step[] {
  const rank = (type: NamespaceType) => (type === 'user' ? (privileged ? 1 : -1) : 0);
  return [...joins]
    .sort((a, b) => rank(a.type) - rank(b.type))
    .map(({ type, path }) =>
      enter({ op: 'join', path, type: CLONE[type] }, `share the ${type} namespace of ${path}`),
    );
}

/**
 * Offsets can be set only while the time namespace has no process (time_namespaces(7)): so before the clone, or, where a
 * new user namespace must own it, before the container's process enters it itself.
 */
function planTime(spec: RuntimeSpec, ownUserNamespace: boolean): Step[] {
  const lines = Object.entries(spec.linux?.timeOffsets ?? {}).flatMap(([clock, offset]) =>
    clock === 'boottime' || clock === 'monotonic'
      ? [`${clock} ${offset?.secs ?? 0} ${offset?.nanosecs ?? 0}\n`]
      : [],
  );
  if (lines.length === 0) return [];
  const step = ownUserNamespace ? inside : enter;
  const steps = [
    step({ op: 'unshare', flags: CLONE.time }, 'own clocks, entered by the next child'),
    step(
      {
        op: 'write',
        path: '/proc/self/timens_offsets',
        data: encoder.encode(lines.join('')),
        ignore: [],
      },
      'shift the boot-time and monotonic clocks',
    ),
  ];
  if (!ownUserNamespace) return steps;
  const path = '/proc/self/ns/time_for_children';
  return [...steps, inside({ op: 'join', path, type: CLONE.time }, 'enter the shifted clocks')];
}

/** Kernel flags of the namespaces in which a container differs from its host, for a later exec. */
export function namespaceMask(spec: RuntimeSpec): bigint {
  return (spec.linux?.namespaces ?? []).reduce((mask, { type }) => mask | CLONE[type], 0n);
}

/** Without one of its own, a container's mounts are the host's: config-linux.md «Namespaces». */
export function sharesMounts(spec: RuntimeSpec): boolean {
  return spec.linux?.namespaces?.some(({ type }) => type === 'mount') !== true;
}

/** A user namespace without a mount namespace has no right to mount anything. */
export function requireMountNamespace(spec: RuntimeSpec, sharedRoot: string | undefined): void {
  if (!sharesMounts(spec)) return;
  const user = spec.linux?.namespaces?.some(({ type }) => type === 'user') === true;
  if (sharedRoot !== undefined && !user) return;
  throw new TiffinError(
    'unsupported',
    'no-mount-namespace',
    "linux.namespaces: a mount namespace is required, or the mounts would be the host's",
    { hint: 'add { "type": "mount" } to linux.namespaces' },
  );
}
