/** What a user namespace may not mount (user_namespaces(7), mount_namespaces(7)). */

import { TiffinError } from '../base/errors.ts';
import type { Step } from '../plan/ops.ts';
import type { LinuxIdMapping, Mount, NamespaceType, RuntimeSpec } from '../spec/runtime/index.ts';
import { ATTR } from './linux-flags.ts';
import type { MountOptions } from './mount-options.ts';
import { inside } from './step.ts';

export interface UserMountContext {
  /** The mounts are made in a user namespace that is not the machine's first. */
  userNamespace: boolean;
  /** Namespaces that the container does not share with its caller. */
  separate: ReadonlySet<NamespaceType>;
  mappings: Pick<NonNullable<RuntimeSpec['linux']>, 'uidMappings' | 'gidMappings'>;
}

/** File systems that show a namespace: the kernel lets only the root of that namespace's owner mount one. */
const SHOWS: ReadonlyMap<string, { namespace: NamespaceType; host: string }> = new Map([
  ['sysfs', { namespace: 'network', host: '/sys' }],
  ['mqueue', { namespace: 'ipc', host: '/dev/mqueue' }],
  ['proc', { namespace: 'pid', host: '/proc' }],
]);

/** A bind of the host's own mount in place of one that would be refused; undefined where it would not. */
export function planHostView(
  fstype: string,
  target: string,
  options: MountOptions,
  context: UserMountContext,
): Step | undefined {
  const row = SHOWS.get(fstype);
  if (row === undefined || !context.userNamespace || context.separate.has(row.namespace)) {
    return undefined;
  }
  return inside(
    {
      op: 'bind',
      source: row.host,
      target,
      // With what is mounted below: the kernel lets a user namespace uncover nothing.
      recursive: 1,
      // What the host set on it is locked, its access times too.
      set: options.set & ~ATTR.atimeMask,
      clear: 0n,
      deepSet: 0n,
      deepClear: 0n,
      create: 1,
      propagation: 0n,
      tree: 0,
    },
    `the host's, as the container shares its ${row.namespace} namespace`,
  );
}

/** Throws `unmapped-mount-owner` for `uid=` and `gid=` that do not exist in the new user namespace. */
export function refuseUnmappedOwner(mount: Mount, field: string, context: UserMountContext): void {
  for (const option of mount.options ?? []) {
    const match = /^(uid|gid)=(\d{1,10})$/.exec(option);
    if (match === null) continue;
    const [, kind = '', id = ''] = match;
    const mappings = context.mappings[kind === 'uid' ? 'uidMappings' : 'gidMappings'];
    if (mappings === undefined || covers(mappings, Number(id))) continue;
    throw new TiffinError(
      'invalid',
      'unmapped-mount-owner',
      `${field}.options: cannot specify ${kind}= mount options for unmapped ${kind} ${id} in rootless containers`,
      { hint: `map ${kind} ${id}, or leave the option out` },
    );
  }
}

function covers(mappings: readonly LinuxIdMapping[], id: number): boolean {
  return (
    mappings.length === 0 ||
    mappings.some(({ containerID, size }) => id >= containerID && id < containerID + size)
  );
}
