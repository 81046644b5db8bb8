/** Sources of bind mounts that the root of a user namespace cannot reach: opened for it by the root of the machine. */

import type { HostFacts } from '../host/facts.ts';
import type { Step } from '../plan/ops.ts';
import { LENT } from '../plan/ops-root.ts';
import { capabilityMask } from '../spec/capabilities.ts';
import type { NamespacePlan } from './namespaces.ts';
import { beside } from './step.ts';

/** What it takes to enter the mount namespace of a process in another user namespace, and to reach any path there. */
const RIGHTS = capabilityMask([
  'CAP_SYS_ADMIN',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_DAC_READ_SEARCH',
]);

/**
 * Only a mount namespace of the container's own is entered: in one that is joined, somebody inside could have made the path
 * lead anywhere, and it would be followed with the rights of the host.
 */
export function lendsTrees(namespaces: NamespacePlan, facts: HostFacts): boolean {
  const { created, joined } = namespaces;
  const apart = created.has('user') || joined.has('user');
  const privileged = facts.uid === 0 && facts.initialUserNamespace;
  const able = (facts.capabilities.effective & RIGHTS) === RIGHTS;
  return apart && created.has('mount') && privileged && able;
}

/** The sources that are lent, in the order in which the binds ask for them. */
export class LentTrees {
  readonly #sources: string[] = [];
  readonly #recursive: number[] = [];

  /** The tree for the next bind. */
  lend(source: string, recursive: boolean): number {
    this.#sources.push(source);
    this.#recursive.push(recursive ? 1 : 0);
    return LENT;
  }

  get steps(): Step[] {
    if (this.#sources.length === 0) return [];
    return [
      beside(
        { op: 'lend-trees', sources: this.#sources, recursive: this.#recursive },
        "the user namespace's root need not reach what it shows",
      ),
    ];
  }
}
