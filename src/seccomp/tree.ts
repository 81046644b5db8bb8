/** A decision tree over system call numbers, flat where calls are frequent. */

import { writeChoice } from './conditions.ts';
import { AT_LEAST, type Label, type Program } from './program.ts';
import type { Verdict } from './rules.ts';

/** Numbers from `start` up to the next interval's start share a verdict. */
export interface Interval {
  start: number;
  verdict: Verdict;
  weight: number;
}

/**
 * Intervals over all numbers, the first at 0. `verdicts` by number; every number without one gets the verdict of the last
 * `gap` that starts at or below it.
 */
export function intervals(
  verdicts: ReadonlyMap<number, Verdict>,
  gaps: readonly { start: number; verdict: Verdict }[],
  weights: ReadonlyMap<number, number>,
): Interval[] {
  const result: Interval[] = [];
  const numbers = [...verdicts.keys()].sort((a, b) => a - b);
  let next = 0;
  const add = (start: number, verdict: Verdict, weight: number) => {
    const last = result.at(-1);
    if (last !== undefined && last.verdict === verdict) last.weight += weight;
    else result.push({ start, verdict, weight });
  };
  const fill = (end: number) => {
    gaps.forEach((gap, index) => {
      const from = Math.max(gap.start, next);
      const to = Math.min(gaps[index + 1]?.start ?? end, end);
      if (from < to) add(from, gap.verdict, 1);
    });
  };
  for (const number of numbers) {
    fill(number);
    add(number, verdicts.get(number) ?? 0, weights.get(number) ?? 1);
    next = number + 1;
  }
  fill(2 ** 32);
  return result;
}

/** Writes the tree for the loaded word; every path ends in an answer. */
export function writeTree(
  program: Program,
  list: readonly Interval[],
  choices: Map<Verdict, Label>,
): Label {
  return node(0, list.length - 1);

  function node(first: number, last: number): Label {
    if (first === last) return leaf(list[first]?.verdict ?? 0);
    const split = evenSplit(list, first, last);
    const high = node(split, last);
    const low = node(first, split - 1);
    return program.branch(AT_LEAST, list[split]?.start ?? 0, high, low);
  }

  function leaf(verdict: Verdict): Label {
    if (typeof verdict === 'number') return program.answer(verdict);
    const known = choices.get(verdict);
    if (known !== undefined) return known;
    const label = writeChoice(program, verdict);
    choices.set(verdict, label);
    return label;
  }
}

/** Start of the right half, so that both halves weigh as alike as can be. */
function evenSplit(list: readonly Interval[], first: number, last: number): number {
  let total = 0;
  for (let at = first; at <= last; at += 1) total += list[at]?.weight ?? 0;
  let left = 0;
  let best = first + 1;
  let smallest = Number.POSITIVE_INFINITY;
  for (let split = first + 1; split <= last; split += 1) {
    left += list[split - 1]?.weight ?? 0;
    const difference = Math.abs(total - 2 * left);
    if (difference < smallest) {
      smallest = difference;
      best = split;
    }
  }
  return best;
}
