/** A decision tree over system call numbers, flat where calls are frequent. */

import { writeChoice } from './conditions.ts';
import { AT_LEAST, type Label, type Program } from './program.ts';
import type { Verdict } from './rules.ts';

/** Past the largest number. */
const END = 2 ** 32;

/** Numbers from `start` up to the next interval's start share a verdict. */
export interface Interval {
  start: number;
  verdict: Verdict;
  weight: number;
}

/** From `start` on, numbers without a verdict of their own get this one. */
export interface Gap {
  start: number;
  verdict: Verdict;
}

/**
 * Intervals over all numbers, the first at 0. `gaps` in ascending order, the first at 0. The result is what a launch waits for in
 * code that runs once, so it is made in one pass, with the engine's own sort of numbers.
 */
export function intervals(
  verdicts: ReadonlyMap<number, Verdict>,
  gaps: readonly Gap[],
  weights: ReadonlyMap<number, number>,
): Interval[] {
  const list: Interval[] = [];
  let next = 0;
  for (const number of Float64Array.from(verdicts.keys()).sort()) {
    if (next < number) addGaps(list, gaps, next, number);
    append(list, number, verdicts.get(number) ?? 0, weights.get(number) ?? 1);
    next = number + 1;
  }
  addGaps(list, gaps, next, END);
  return list;
}

/** Writes the tree for the loaded word; every path ends in an answer. */
export function writeTree(
  program: Program,
  list: readonly Interval[],
  choices: Map<Verdict, Label>,
): Label {
  // sums[i]: weight of the intervals before i.
  const sums = [0];
  for (const { weight } of list) sums.push((sums.at(-1) ?? 0) + weight);
  return node(0, list.length - 1);

  function node(first: number, last: number): Label {
    if (first === last) return leaf(list[first]?.verdict ?? 0);
    const split = evenSplit(sums, first, last);
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

/** The gaps' verdicts from `from` up to `end`. */
function addGaps(list: Interval[], gaps: readonly Gap[], from: number, end: number): void {
  for (let index = 0; index < gaps.length; index += 1) {
    const gap = gaps[index];
    const gapEnd = gaps[index + 1]?.start ?? END;
    if (gap === undefined || gap.start >= end) return;
    if (gapEnd > from) append(list, Math.max(gap.start, from), gap.verdict, 1);
  }
}

function append(list: Interval[], start: number, verdict: Verdict, weight: number): void {
  const last = list.at(-1);
  if (last !== undefined && last.verdict === verdict) last.weight += weight;
  else list.push({ start, verdict, weight });
}

/** Start of the right half of first to last, so that both halves weigh as alike as can be. */
function evenSplit(sums: readonly number[], first: number, last: number): number {
  const middle = ((sums[first] ?? 0) + (sums[last + 1] ?? 0)) / 2;
  let low = first + 1;
  let high = last;
  while (low < high) {
    const probe = (low + high) >>> 1;
    if ((sums[probe] ?? 0) < middle) low = probe + 1;
    else high = probe;
  }
  // `low` is the first split with at least half on its left; the one before may be nearer.
  const before = low - 1;
  if (before <= first) return low;
  return middle - (sums[before] ?? 0) < (sums[low] ?? 0) - middle ? before : low;
}
