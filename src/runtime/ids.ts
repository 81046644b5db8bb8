/** User namespaces: the maps, written from beside, and becoming root within them (user_namespaces(7)). */

import { TiffinError } from '../base/errors.ts';
import type { HostFacts } from '../host/facts.ts';
import type { Step } from '../plan/ops.ts';
import { capabilityMask } from '../spec/capabilities.ts';
import type { LinuxIdMapping, RuntimeSpec } from '../spec/runtime/index.ts';
import type { NamespacePlan } from './namespaces.ts';
import { beside, enter, inside } from './step.ts';
import { TOKENS } from './tokens.ts';

const encoder = new TextEncoder();

type Kind = 'uid' | 'gid';

/**
 * Who writes a map. `any`: this process, whatever the map says. `own`: this process, which may map its own id alone.
 * `helper`: a program with the right to hand out the ranges of subuid(5) and subgid(5).
 */
type Writer = 'any' | 'own' | 'helper';

export interface IdPlan {
  /** First in their stage, because everything inside waits for them. */
  beside: Step[];
  inside: Step[];
  /** For a namespace that is joined: written before the process loses its rights outside. */
  enter: Step[];
}

/** Steps for a user namespace; empty without one. */
export function planIds(spec: RuntimeSpec, namespaces: NamespacePlan, facts: HostFacts): IdPlan {
  if (namespaces.joined.has('user')) {
    return { beside: [], inside: [], enter: planOomScore(spec, 'enter') };
  }
  if (!namespaces.created.has('user')) return { beside: [], inside: [], enter: [] };
  const uids = spec.linux?.uidMappings ?? [];
  const gids = spec.linux?.gidMappings ?? [];
  const writers = { uid: chooseWriter('uid', uids, facts), gid: chooseWriter('gid', gids, facts) };
  if (writers.gid === 'own') refuseGroups(spec);
  return {
    beside: [
      ...(writers.gid === 'own' ? [denySetgroups()] : []),
      mapStep('uid', writers.uid, uids, facts),
      mapStep('gid', writers.gid, gids, facts),
      ...planOomScore(spec, 'beside'),
      beside({ op: 'notify', token: TOKENS.mapped }, 'the maps are written'),
    ],
    inside: [
      inside(
        { op: 'await', token: TOKENS.mapped },
        'before the maps are written no privileged step could succeed',
      ),
      inside(
        { op: 'user', user: firstId(uids), group: firstId(gids), groups: [], lookup: 0 },
        'set up as root of the new user namespace',
      ),
      inside({ op: 'identity' }, 'files made from here on belong to an id that exists inside'),
    ],
    enter: [],
  };
}

const SET_IDS = capabilityMask(['CAP_SETUID', 'CAP_SETGID']);

function chooseWriter(kind: Kind, mappings: readonly LinuxIdMapping[], facts: HostFacts): Writer {
  if ((facts.capabilities.effective & SET_IDS) === SET_IDS) return 'any';
  const [first, ...more] = mappings;
  if (first?.size === 1 && first.hostID === facts[kind] && more.length === 0) return 'own';
  if (facts.idMapHelpers[kind] !== '') return 'helper';
  throw new TiffinError(
    'unsupported',
    'no-id-map-helper',
    `linux.${kind}Mappings: uid ${facts.uid} may map only its own ${kind} ${facts[kind]}: new${kind}map is not installed`,
    { hint: `install the package uidmap, or map one id: ${facts[kind]}, size 1` },
  );
}

/** setgroups(2) is given up where the process maps its own group, so that no group is there to be taken or dropped. */
function refuseGroups(spec: RuntimeSpec): void {
  const groups = spec.process?.user?.additionalGids ?? [];
  if (groups.length === 0) return;
  throw new TiffinError(
    'invalid',
    'rootless-groups',
    'process.user.additionalGids: cannot set any additional groups in a rootless container that maps one gid',
    { hint: 'map a range of gids, or leave the groups out' },
  );
}

function denySetgroups(): Step {
  return beside(
    { op: 'child-file', file: 'setgroups', data: encoder.encode('deny') },
    'without privileges a gid map is accepted only when setgroups(2) is given up',
  );
}

function mapStep(
  kind: Kind,
  writer: Writer,
  mappings: readonly LinuxIdMapping[],
  facts: HostFacts,
): Step {
  const why = kind === 'uid' ? 'which users exist inside' : 'which groups exist inside';
  if (writer === 'helper') {
    return beside(
      {
        op: 'helper',
        path: facts.idMapHelpers[kind],
        args: mapLines(mappings).trim().split(/[ \n]/),
      },
      why,
    );
  }
  return beside(
    { op: 'child-file', file: `${kind}_map`, data: encoder.encode(mapLines(mappings)) },
    why,
  );
}

/** As uid_map wants it: a line for each range. */
export function mapLines(mappings: readonly LinuxIdMapping[]): string {
  return mappings.map((map) => `${map.containerID} ${map.hostID} ${map.size}\n`).join('');
}

/** Root if it exists inside; else the first id that does. Either has every right in the new namespace. */
function firstId(mappings: readonly LinuxIdMapping[]): string {
  const ids = mappings.map(({ containerID }) => containerID);
  return String(ids.includes(0) ? 0 : (ids[0] ?? 0));
}

/** Lowering the score needs rights outside of the namespace, so it is written from there. */
function planOomScore(spec: RuntimeSpec, stage: 'beside' | 'enter'): Step[] {
  const score = spec.process?.oomScoreAdj;
  if (score === undefined) return [];
  const data = encoder.encode(String(score));
  const why = 'how readily the kernel kills it when memory runs out';
  return stage === 'beside'
    ? [beside({ op: 'child-file', file: 'oom_score_adj', data }, why)]
    : [enter({ op: 'write', path: '/proc/self/oom_score_adj', data, ignore: [] }, why)];
}
