/** A profile's rules by system call number: what is answered without looking at arguments, and what depends on them. */

import { TiffinError } from '../base/errors.ts';
import type { LinuxSeccomp, LinuxSeccompArg, LinuxSyscall } from '../spec/runtime/seccomp.ts';
import { returnValue, strength } from './actions.ts';
import { ARCHITECTURES, type Architecture, syscallNumber } from './architectures.ts';
import { multiplexedCalls } from './multiplexed.ts';

const MAX_ARGUMENTS = 6;
const WORD = 2 ** 32;
const LARGEST = 2 ** 64;

/** A 64-bit number in halves, as BPF compares words. */
export interface Halves {
  high: number;
  low: number;
}

export interface Condition {
  index: number;
  /** 32: only the lower half of argument and values counts. */
  bits: 32 | 64;
  op: LinuxSeccompArg['op'];
  value: Halves;
  /** What the masked argument is compared with. */
  second: Halves;
}

/** Every condition holds → the answer. */
export interface Rule {
  conditions: readonly Condition[];
  answer: number;
}

/** The strongest rule that holds gives the answer; `otherwise` if none does. */
export interface Choice {
  rules: readonly Rule[];
  otherwise: number;
}

/** An answer, or a choice by the arguments. */
export type Verdict = number | Choice;

/** A rule with the names it is for; `conditions` empty: in any case. */
export interface NamedRule extends Rule {
  names: readonly string[];
}

/**
 * The profile's entries as rules. An entry that names one argument twice means any of its conditions and not all, which is how runc
 * reads it; an entry that does what would be done anyway is left out, as it would only override others.
 */
export function namedRules(profile: LinuxSeccomp, otherwise: number): NamedRule[] {
  return (profile.syscalls ?? []).flatMap((entry, index) => {
    const answer = returnValue(entry.action, entry.errnoRet);
    if (answer === otherwise) return [];
    const conditions = (entry.args ?? []).map((argument) => condition(argument, index));
    if (repeatsArgument(entry)) {
      return conditions.map((one) => ({ names: entry.names, conditions: [one], answer }));
    }
    return [{ names: entry.names, conditions, answer }];
  });
}

/** Verdicts by number for one architecture; names that it does not know are passed over. */
export function verdictsByNumber(
  rules: readonly NamedRule[],
  architecture: Architecture,
  otherwise: number,
): Map<number, Verdict> {
  const verdicts = new Map<number, Verdict>();
  const add = (number: number, rule: Rule) =>
    verdicts.set(number, added(verdicts.get(number), rule, otherwise));
  const narrow = ARCHITECTURES[architecture].bits === 32;
  for (const wide of rules) {
    const rule = narrow ? { ...wide, conditions: wide.conditions.map(narrowed) } : wide;
    for (const name of rule.names) {
      const number = syscallNumber(name, architecture);
      if (number !== undefined) add(number, rule);
    }
    // The arguments of a multiplexed call are out of sight: a rule about them can only forbid as a whole, never allow.
    if (rule.conditions.length > 0 && strength(rule.answer) >= strength(otherwise)) continue;
    for (const { name, call } of multiplexedCalls(rule.names, architecture)) {
      const number = syscallNumber(name, architecture);
      if (number !== undefined) add(number, { answer: rule.answer, conditions: [isCall(call)] });
    }
  }
  return verdicts;
}

function added(known: Verdict | undefined, rule: Rule, otherwise: number): Verdict {
  if (rule.conditions.length === 0) return withFallback(known, rule.answer);
  if (typeof known === 'number' && !overrides(rule.answer, known)) return known;
  const choice = typeof known === 'object' ? known : { rules: [], otherwise: known ?? otherwise };
  if (choice.rules.some((other) => sameConditions(other, rule))) return choice;
  const rules = [...choice.rules, rule].sort((a, b) => strength(a.answer) - strength(b.answer));
  return { rules, otherwise: choice.otherwise };
}

/** An unconditional rule: it replaces the default, and of two the first stays, as in libseccomp. */
function withFallback(known: Verdict | undefined, answer: number): Verdict {
  if (known === undefined || typeof known === 'number') return known ?? answer;
  const rules = known.rules.filter((rule) => overrides(rule.answer, answer));
  return rules.length === 0 ? answer : { rules, otherwise: answer };
}

/** Of two rules with the same conditions the first counts. */
function sameConditions(one: Rule, other: Rule): boolean {
  if (one.conditions.length !== other.conditions.length) return false;
  const mine = one.conditions.map(conditionKey).sort();
  const theirs = other.conditions.map(conditionKey).sort();
  return mine.every((key, at) => key === theirs[at]);
}

function conditionKey({ index, op, value, second }: Condition): string {
  const masked = op === 'SCMP_CMP_MASKED_EQ' ? `${second.high} ${second.low}` : '';
  return `${index} ${op} ${value.high} ${value.low} ${masked}`;
}

/** Whether a conditional rule counts beside an unconditional one: a stronger action, or the same with another errno. */
function overrides(conditional: number, unconditional: number): boolean {
  return strength(conditional) <= strength(unconditional) && conditional !== unconditional;
}

function condition(argument: LinuxSeccompArg, entry: number): Condition {
  const { index, op } = argument;
  if (index >= MAX_ARGUMENTS) {
    throw new TiffinError(
      'invalid',
      'invalid-argument-index',
      `linux.seccomp.syscalls[${entry}].args: argument ${index}: a system call has ${MAX_ARGUMENTS}`,
    );
  }
  const second = halves(argument.valueTwo ?? 0);
  return { index, bits: 64, op, value: halves(argument.value), second };
}

/** A 32-bit program has no upper halves: its -1 is 0xffffffff, and a profile's 64-bit -1 must match that. */
function narrowed(condition: Condition): Condition {
  return { ...condition, bits: 32 };
}

function isCall(call: number): Condition {
  return { index: 0, bits: 32, op: 'SCMP_CMP_EQ', value: halves(call), second: halves(0) };
}

function halves(value: number | bigint): Halves {
  if (typeof value === 'bigint') {
    return { high: Number(value >> 32n), low: Number(value & 0xffffffffn) };
  }
  // 2^64 itself is what a JSON parser makes of 2^64 - 1.
  if (value >= LARGEST) return { high: WORD - 1, low: WORD - 1 };
  return { high: Math.floor(value / WORD), low: value % WORD };
}

function repeatsArgument({ args = [] }: LinuxSyscall): boolean {
  return new Set(args.map(({ index }) => index)).size < args.length;
}
