/** User namespaces: the maps, written from beside, and becoming root within them. */

import type { Step } from '../plan/ops.ts';
import type { LinuxIdMapping, RuntimeSpec } from '../spec/runtime/index.ts';
import type { NamespacePlan } from './namespaces.ts';
import { beside, inside } from './step.ts';
import { TOKENS } from './tokens.ts';

const encoder = new TextEncoder();

/**
 * Steps for a new user namespace; empty without one. `privileged`: the caller may write any map.
 * `beside` first, because everything inside waits for it.
 */
export function planIds(
  spec: RuntimeSpec,
  namespaces: NamespacePlan,
  privileged: boolean,
): { beside: Step[]; inside: Step[] } {
  if (!namespaces.created.has('user')) return { beside: [], inside: [] };
  const uids = spec.linux?.uidMappings ?? [];
  const gids = spec.linux?.gidMappings ?? [];
  return {
    beside: [
      ...(privileged
        ? []
        : [
            beside(
              { op: 'child-file', file: 'setgroups', data: encoder.encode('deny') },
              'without privileges a gid map is accepted only when setgroups(2) is given up',
            ),
          ]),
      beside(
        { op: 'child-file', file: 'uid_map', data: mapText(uids) },
        'which users exist inside',
      ),
      beside(
        { op: 'child-file', file: 'gid_map', data: mapText(gids) },
        'which groups exist inside',
      ),
      ...planOomScore(spec),
      beside({ op: 'notify', token: TOKENS.mapped }, 'the maps are written'),
    ],
    inside: [
      inside(
        { op: 'await', token: TOKENS.mapped },
        'before the maps are written no privileged step could succeed',
      ),
      inside(
        { op: 'user', user: '0', group: '0', groups: [], lookup: 0 },
        'set up as root of the new user namespace',
      ),
      inside({ op: 'identity' }, 'files made from here on belong to an id that exists inside'),
    ],
  };
}

/** Lowering the score needs rights outside of the namespace, so it is written from beside. */
function planOomScore(spec: RuntimeSpec): Step[] {
  const score = spec.process?.oomScoreAdj;
  if (score === undefined) return [];
  return [
    beside(
      { op: 'child-file', file: 'oom_score_adj', data: encoder.encode(String(score)) },
      'how readily the kernel kills it when memory runs out',
    ),
  ];
}

function mapText(mappings: readonly LinuxIdMapping[]): Uint8Array {
  return encoder.encode(
    mappings.map((map) => `${map.containerID} ${map.hostID} ${map.size}\n`).join(''),
  );
}
