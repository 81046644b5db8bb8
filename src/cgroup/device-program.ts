/**
 * Device rules as an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE, for v2 hierarchies.
 * Encoding: https://docs.kernel.org/bpf/standardization/instruction-set.html; context: struct bpf_cgroup_dev_ctx.
 */

import { ByteWriter } from '../base/bytes.ts';
import { ALL_ACCESS, coversAll, type DeviceRule } from './device-rules.ts';

const LOAD_WORD = 0x61;
const MOVE = 0xb7;
const MOVE_REGISTER = 0xbf;
const AND = 0x57;
const SHIFT_RIGHT = 0x77;
const JUMP_IF_EQUAL = 0x15;
const JUMP_UNLESS_EQUAL = 0x55;
const EXIT = 0x95;

const RESULT = 0;
const CONTEXT = 1;
const TYPE = 2;
/** Access bits of the request that no rule has decided yet. */
const OPEN = 3;
const MAJOR = 4;
const MINOR = 5;
const SCRATCH = 6;

const BLOCK_DEVICE = 1;
const CHARACTER_DEVICE = 2;

interface Instruction {
  code: number;
  to: number;
  from?: number;
  /** In bytes for a load, in instructions for a jump. */
  offset?: number;
  value?: number;
}

/**
 * The program. It walks the rules from the last to the first: a rule that denies one of the undecided accesses ends with
 * 0, one that allows takes its accesses off, and when none is left the answer is 1. Without a decision: 0.
 */
export function deviceProgram(rules: readonly DeviceRule[]): Uint8Array {
  const program: Instruction[] = [
    { code: LOAD_WORD, to: TYPE, from: CONTEXT, offset: 0 },
    { code: MOVE_REGISTER, to: OPEN, from: TYPE },
    { code: AND, to: TYPE, value: 0xffff },
    { code: SHIFT_RIGHT, to: OPEN, value: 16 },
    { code: LOAD_WORD, to: MAJOR, from: CONTEXT, offset: 4 },
    { code: LOAD_WORD, to: MINOR, from: CONTEXT, offset: 8 },
  ];
  for (const rule of rules.toReversed()) {
    if (coversAll(rule)) {
      // The verifier refuses instructions that nothing can reach, so nothing may follow.
      program.push(...answer(rule.allow ? 1 : 0));
      return encode(program);
    }
    program.push(...ruleInstructions(rule));
  }
  program.push(...answer(0));
  return encode(program);
}

function ruleInstructions(rule: DeviceRule): Instruction[] {
  const tests: Instruction[] = [];
  if (rule.type !== 'all') {
    tests.push(unless(TYPE, rule.type === 'b' ? BLOCK_DEVICE : CHARACTER_DEVICE));
  }
  if (rule.major !== undefined) tests.push(unless(MAJOR, rule.major));
  if (rule.minor !== undefined) tests.push(unless(MINOR, rule.minor));
  const decision = rule.allow ? take(rule.access) : deny(rule.access);
  const body = [...tests, ...decision];
  // A failed test goes on with the next rule.
  return body.map((instruction, at) =>
    at < tests.length ? { ...instruction, offset: body.length - at - 1 } : instruction,
  );
}

function unless(register: number, value: number): Instruction {
  return { code: JUMP_UNLESS_EQUAL, to: register, value };
}

function take(access: number): Instruction[] {
  if (access === ALL_ACCESS) return answer(1);
  return [
    { code: AND, to: OPEN, value: ALL_ACCESS & ~access },
    { code: JUMP_UNLESS_EQUAL, to: OPEN, value: 0, offset: 2 },
    ...answer(1),
  ];
}

function deny(access: number): Instruction[] {
  if (access === ALL_ACCESS) return answer(0);
  return [
    { code: MOVE_REGISTER, to: SCRATCH, from: OPEN },
    { code: AND, to: SCRATCH, value: access },
    { code: JUMP_IF_EQUAL, to: SCRATCH, value: 0, offset: 2 },
    ...answer(0),
  ];
}

function answer(value: 0 | 1): Instruction[] {
  return [
    { code: MOVE, to: RESULT, value },
    { code: EXIT, to: 0 },
  ];
}

/** struct bpf_insn: code, destination and source register in one byte, offset, value. */
function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new ByteWriter();
  for (const { code, to, from = 0, offset = 0, value = 0 } of program) {
    bytes
      .u8(code)
      .u8(to | (from << 4))
      .u16(offset & 0xffff)
      .u32(value >>> 0);
  }
  return bytes.finish();
}
