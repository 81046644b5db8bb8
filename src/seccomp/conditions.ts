/** Comparisons of 64-bit arguments as pairs of 32-bit comparisons. */

import { AT_LEAST, EQUAL, GREATER, type Label, type Program } from './program.ts';
import type { Choice, Condition } from './rules.ts';

/** Writes a choice; the program continues at the returned label and always answers. */
export function writeChoice(program: Program, { rules, otherwise }: Choice): Label {
  let next = program.answer(otherwise);
  for (const rule of rules.toReversed()) {
    const failed = next;
    let matched = program.answer(rule.answer);
    for (const condition of rule.conditions.toReversed()) {
      matched = writeCondition(program, condition, matched, failed);
    }
    next = matched;
  }
  return next;
}

function writeCondition(program: Program, condition: Condition, yes: Label, no: Label): Label {
  switch (condition.op) {
    case 'SCMP_CMP_EQ':
      return equal(program, condition, yes, no);
    case 'SCMP_CMP_NE':
      return equal(program, condition, no, yes);
    case 'SCMP_CMP_GT':
      return ordered(program, condition, GREATER, yes, no);
    case 'SCMP_CMP_LE':
      return ordered(program, condition, GREATER, no, yes);
    case 'SCMP_CMP_GE':
      return ordered(program, condition, AT_LEAST, yes, no);
    case 'SCMP_CMP_LT':
      return ordered(program, condition, AT_LEAST, no, yes);
    case 'SCMP_CMP_MASKED_EQ':
      return masked(program, condition, yes, no);
  }
}

function equal(program: Program, { index, bits, value }: Condition, yes: Label, no: Label): Label {
  program.branch(EQUAL, value.low, yes, no);
  const low = program.load(lowOffset(index));
  if (bits === 32) return low;
  program.branch(EQUAL, value.high, low, no);
  return program.load(highOffset(index));
}

function ordered(
  program: Program,
  { index, bits, value }: Condition,
  code: number,
  yes: Label,
  no: Label,
): Label {
  program.branch(code, value.low, yes, no);
  const low = program.load(lowOffset(index));
  if (bits === 32) return low;
  const sameHigh = program.branch(EQUAL, value.high, low, no);
  program.branch(GREATER, value.high, yes, sameHigh);
  return program.load(highOffset(index));
}

/** Bits of the wanted value outside the mask are left out of the comparison, as libseccomp does. */
function masked(
  program: Program,
  { index, bits, value, second }: Condition,
  yes: Label,
  no: Label,
): Label {
  const low = maskedWord(program, lowOffset(index), value.low, second.low, yes, no);
  if (bits === 32) return low;
  return maskedWord(program, highOffset(index), value.high, second.high, low, no);
}

function maskedWord(
  program: Program,
  offset: number,
  mask: number,
  wanted: number,
  yes: Label,
  no: Label,
): Label {
  if (mask === 0) return program.goto(yes);
  program.branch(EQUAL, (wanted & mask) >>> 0, yes, no);
  program.and(mask);
  return program.load(offset);
}

/** struct seccomp_data: number, architecture, instruction pointer, six arguments; little endian. */
function lowOffset(index: number): number {
  return 16 + 8 * index;
}

function highOffset(index: number): number {
  return lowOffset(index) + 4;
}
