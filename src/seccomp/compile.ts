/**
 * An OCI seccomp profile as a classic BPF filter (config-linux.md «Seccomp», seccomp(2)).
 * The result decides as libseccomp's filter of the same profile does, by a tree over the numbers instead of a chain.
 */

import { TiffinError } from '../base/errors.ts';
import type { LinuxSeccomp } from '../spec/runtime/seccomp.ts';
import { ENOSYS, KILL_PROCESS, NO_SUCH_CALL, returnValue } from './actions.ts';
import {
  ARCHITECTURES,
  type Architecture,
  admittedArchitectures,
  type NativeArchitecture,
  syscallNumber,
} from './architectures.ts';
import { FREQUENT_CALLS } from './frequent.ts';
import { EQUAL, type Label, Program } from './program.ts';
import { type NamedRule, namedRules, type Verdict, verdictsByNumber } from './rules.ts';
import { type Gap, intervals, writeTree } from './tree.ts';

export interface CompiledSeccomp {
  /** Array of struct sock_filter. */
  filter: Uint8Array;
  /** SECCOMP_FILTER_FLAG_* for seccomp(2). */
  flags: number;
  /** The kernel gives a descriptor on which somebody must answer. */
  notifies: boolean;
}

/** The kernel's BPF_MAXINSNS. */
const MAX_INSTRUCTIONS = 4096;
/** A tracer supports new calls itself, or answers ENOSYS itself. */
const PERMISSIVE: ReadonlySet<string> = new Set([
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_LOG',
  'SCMP_ACT_TRACE',
]);
const NUMBER_OFFSET = 0;
const ARCHITECTURE_OFFSET = 4;
const X32_FIRST = 0x40000000;
const MINUS_ONE = 0xffffffff;

const FLAGS: ReadonlyMap<string, number> = new Map([
  ['SECCOMP_FILTER_FLAG_TSYNC', 1],
  ['SECCOMP_FILTER_FLAG_LOG', 2],
  ['SECCOMP_FILTER_FLAG_SPEC_ALLOW', 4],
  ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV', 32],
]);
const TSYNC = 1;
const SPEC_ALLOW = 4;
export const NEW_LISTENER = 8;
const WAIT_KILLABLE_RECV = 32;

/** Compiles without the cache. Throws `invalid` for what the profile may not say and `exhausted` for too long a filter. */
export function compileProfile(profile: LinuxSeccomp, native: NativeArchitecture): CompiledSeccomp {
  const otherwise = returnValue(profile.defaultAction, profile.defaultErrnoRet);
  const rules = namedRules(profile, otherwise);
  const program = new Program();
  const choices = new Map<Verdict, Label>();
  const groups = byAuditValue(admittedArchitectures(profile.architectures ?? [], native));
  let next = program.answer(KILL_PROCESS);
  // Backwards: what is written last comes first in the program and is nearest, so that is the native architecture.
  for (const [audit, group] of [...groups].reverse()) {
    writeTree(program, groupIntervals(group, rules, profile, otherwise), choices);
    const entry = program.load(NUMBER_OFFSET);
    next = program.branch(EQUAL, audit, entry, next);
  }
  program.load(ARCHITECTURE_OFFSET);
  if (program.length > MAX_INSTRUCTIONS) throw tooLong(program.length);
  const listener = notifies(profile);
  return { filter: program.encode(), flags: filterFlags(profile, listener), notifies: listener };
}

/** The native architecture's group comes first. */
function byAuditValue(architectures: readonly Architecture[]): Map<number, Architecture[]> {
  return Map.groupBy(architectures, (architecture) => ARCHITECTURES[architecture].audit);
}

function groupIntervals(
  group: readonly Architecture[],
  rules: readonly NamedRule[],
  profile: LinuxSeccomp,
  otherwise: number,
) {
  const verdicts = new Map<number, Verdict>();
  const weights = new Map<number, number>();
  const gaps: Gap[] = [];
  for (const architecture of group) {
    const { first } = ARCHITECTURES[architecture];
    for (const [number, verdict] of verdictsByNumber(rules, architecture, otherwise)) {
      verdicts.set(number, verdict);
    }
    for (const [name, weight] of first === 0 ? FREQUENT_CALLS : []) {
      const number = syscallNumber(name, architecture);
      if (number !== undefined) weights.set(number, weight);
    }
    gaps.push({ start: first, verdict: otherwise }, ...newCalls(profile, architecture));
  }
  if (group.includes('x86_64') && !group.includes('x32')) {
    gaps.push({ start: X32_FIRST, verdict: KILL_PROCESS });
  }
  // A tracer sets -1 to skip a call.
  gaps.push({ start: MINUS_ONE, verdict: otherwise });
  return intervals(verdicts, gaps, weights);
}

/**
 * C libraries try a new call and fall back to an old one on ENOSYS, but not on EPERM. So a profile that denies by default
 * answers ENOSYS for calls newer than any it names.
 */
function newCalls(profile: LinuxSeccomp, architecture: Architecture): Gap[] {
  const { defaultAction, defaultErrnoRet, syscalls = [] } = profile;
  if (PERMISSIVE.has(defaultAction)) return [];
  if (defaultErrnoRet === ENOSYS) return [];
  let newest = -1;
  for (const { names } of syscalls) {
    for (const name of names) newest = Math.max(newest, syscallNumber(name, architecture) ?? -1);
  }
  return newest < 0 ? [] : [{ start: newest + 1, verdict: NO_SUCH_CALL }];
}

/** Without flags in the profile, speculation is left alone, as in runc: the mitigation costs far more than the filter. */
function filterFlags(profile: LinuxSeccomp, listener: boolean): number {
  let flags = profile.flags === undefined ? SPEC_ALLOW : 0;
  for (const name of profile.flags ?? []) {
    const flag = FLAGS.get(name);
    if (flag === undefined) {
      throw new TiffinError(
        'invalid',
        'unknown-seccomp-flag',
        `linux.seccomp.flags: unknown flag: ${JSON.stringify(name.slice(0, 64))}`,
        { hint: `known are ${[...FLAGS.keys()].join(', ')}` },
      );
    }
    flags += flags & flag ? 0 : flag;
  }
  // The kernel refuses the one without a listener. The other would bind the thread that hands the listener over; the
  // program's process has no other yet.
  return listener ? (flags & ~TSYNC) | NEW_LISTENER : flags & ~WAIT_KILLABLE_RECV;
}

function notifies({ defaultAction, syscalls = [], listenerPath }: LinuxSeccomp): boolean {
  const actions = [defaultAction, ...syscalls.map(({ action }) => action)];
  if (!actions.includes('SCMP_ACT_NOTIFY')) return false;
  if (listenerPath) return true;
  throw new TiffinError(
    'invalid',
    'invalid-seccomp-notify',
    'linux.seccomp: SCMP_ACT_NOTIFY needs listenerPath',
  );
}

function tooLong(length: number): TiffinError {
  return new TiffinError(
    'exhausted',
    'seccomp-filter-too-long',
    `linux.seccomp: the filter has ${length} instructions; the kernel takes ${MAX_INSTRUCTIONS}`,
    { hint: 'use fewer conditions on arguments' },
  );
}
