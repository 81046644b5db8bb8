/** Id-mapped mounts: runtime-spec config.md «Linux mount options», `idmap` and `ridmap`. */

import type { Step } from '../plan/ops.ts';
import type { LinuxIdMapping, Mount, RuntimeSpec } from '../spec/runtime/index.ts';
import { mapLines } from './ids.ts';
import { MS } from './linux-flags.ts';
import type { MountOptions } from './mount-options.ts';
import { host } from './step.ts';

/** Whose ids the mount shows: the mount's own mapping, else the container's. */
interface Mapping {
  uids: string;
  gids: string;
  /** Of a user namespace that is joined. */
  namespace: string;
}

/** The trees made so far, in the order of their steps; a `bind` names one by its place, from 1. */
export class MappedTrees {
  readonly steps: Step[] = [];
  readonly #spec: RuntimeSpec;

  constructor(spec: RuntimeSpec) {
    this.#spec = spec;
  }

  /** The number of the tree for a mount, 0 for one that is not mapped. */
  add(mount: Mount, options: MountOptions, source: string, recursive: boolean): number {
    const own = mount.uidMappings !== undefined && mount.uidMappings.length > 0;
    if (options.idmap === undefined && !own) return 0;
    this.steps.push(
      host(
        {
          op: 'mapped-tree',
          source,
          recursive: recursive ? 1 : 0,
          deep: options.idmap === 'ridmap' ? 1 : 0,
          ...(own ? mapping(mount.uidMappings, mount.gidMappings) : this.#containers()),
          propagation: PROPAGATION[this.#spec.linux?.rootfsPropagation ?? ''] ?? MS.slave,
        },
        `files of ${source} seem to belong to other ids`,
      ),
    );
    return this.steps.length;
  }

  /** The number of a tree that stays in its peer group of the host, where the mount namespace's own copy is a slave. */
  share(source: string, recursive: boolean): number {
    this.steps.push(
      host(
        {
          op: 'mapped-tree',
          source,
          recursive: recursive ? 1 : 0,
          deep: 0,
          uids: '',
          gids: '',
          namespace: '',
          propagation: 0n,
        },
        `what is mounted below ${source} later is seen on both sides`,
      ),
    );
    return this.steps.length;
  }

  #containers(): Mapping {
    const { namespaces, uidMappings, gidMappings } = this.#spec.linux ?? {};
    const path = namespaces?.find(({ type }) => type === 'user')?.path ?? '';
    return path === ''
      ? mapping(uidMappings, gidMappings)
      : { uids: '', gids: '', namespace: path };
  }
}

function mapping(uids: LinuxIdMapping[] = [], gids: LinuxIdMapping[] = []): Mapping {
  return { uids: mapLines(uids), gids: mapLines(gids), namespace: '' };
}

/** As the mounts of the container's own namespace get it: the tree comes from the host's. */
const PROPAGATION: Readonly<Record<string, bigint | undefined>> = {
  shared: 0n,
  rshared: 0n,
  private: MS.private,
  rprivate: MS.private,
  unbindable: MS.private,
  runbindable: MS.private,
};
