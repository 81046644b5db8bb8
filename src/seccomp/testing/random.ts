/** Random conditions and arguments, the same in every run. */

import type { LinuxSeccompArg } from '../../spec/runtime/seccomp.ts';

export type Pick = <T>(choices: readonly T[]) => T;

const OPERATORS: LinuxSeccompArg['op'][] = [
  'SCMP_CMP_NE',
  'SCMP_CMP_LT',
  'SCMP_CMP_LE',
  'SCMP_CMP_EQ',
  'SCMP_CMP_GE',
  'SCMP_CMP_GT',
  'SCMP_CMP_MASKED_EQ',
];

/** Around the borders of both words, exact as JavaScript numbers or written as what they are. */
const VALUES = [
  0,
  1,
  2,
  38,
  0x7fffffff,
  0x80000000,
  0xfffffffe,
  0xffffffff,
  2 ** 32,
  2 ** 32 + 1,
  2 ** 33,
  2 ** 52 + 38,
  2 ** 63,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
  2n ** 63n + 39n,
];

/** xorshift. */
export function generator(seed: number): Pick {
  let state = seed;
  return (choices) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const chosen = choices[(state >>> 0) % choices.length];
    if (chosen === undefined) throw new Error('nothing to choose from');
    return chosen;
  };
}

export function randomArgument(pick: Pick, index: number): LinuxSeccompArg {
  return { index, op: pick(OPERATORS), value: pick(VALUES), valueTwo: pick(VALUES) };
}

/** Six arguments, at the values of conditions and beside them. */
export function sampleArguments(pick: Pick): bigint[] {
  return Array.from({ length: 6 }, () => BigInt(pick(VALUES)) + pick([0n, 0n, 1n, 1n << 32n]));
}
