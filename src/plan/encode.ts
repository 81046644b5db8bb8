/**
 * Plans and tree streams as bytes, little endian:
 *
 *   plan  "TFN1", u32 version, u32 op count, u32 fault index (0xffffffff: none), u32 fault errno, steps
 *   step  u16 op code, u8 stage, u8 0, u32 payload length, operands in table order
 *
 * u32; u64; str: u32 length, bytes, NUL; bytes: u32 length, bytes; strs: u32 count, str…; u32s: u32 count, u32….
 * A tree stream is steps without the plan's head.
 */

import { decodeByteText, encodeByteText } from '../base/byte-text.ts';
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { assert, TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { FieldKind, Op, OpName, Plan, Stage } from './ops.ts';
import { OPS, STAGES } from './ops.ts';

export const PLAN_MAGIC = 'TFN1';
export const PLAN_VERSION = 1;
const NO_FAULT = 0xffffffff;
const STEP_HEAD_BYTES = 8;
const MAX_U64 = (1n << 64n) - 1n;
/** More than most plans take, so that the writer need not grow. */
const USUAL_PLAN_BYTES = 64 * 1024;

interface OpCodec {
  readonly name: OpName;
  readonly code: number;
  readonly fields: readonly (readonly [string, FieldKind])[];
}

const CODECS = new Map<string, OpCodec>();
const CODECS_BY_CODE = new Map<number, OpCodec>();
for (const [name, { code, fields }] of Object.entries(OPS)) {
  const codec: OpCodec = { name: name as OpName, code, fields: Object.entries(fields) };
  CODECS.set(name, codec);
  CODECS_BY_CODE.set(code, codec);
}

/** Makes step `index` fail with `errno` without being executed. */
export interface Fault {
  index: number;
  errno: number;
}

/** The bytes of a plan. @throws TiffinError `plan-too-large` past limits.planOps or limits.planBytes. */
export function encodePlan(plan: Plan, fault?: Fault): Uint8Array {
  const writer = new ByteWriter(USUAL_PLAN_BYTES);
  writer.text(PLAN_MAGIC).u32(PLAN_VERSION).u32(plan.length);
  writer.u32(fault?.index ?? NO_FAULT).u32(fault?.errno ?? 0);
  for (const { op, stage } of plan) writeStep(writer, op, stage);
  if (plan.length > limits.planOps || writer.length > limits.planBytes) {
    throw new TiffinError(
      'invalid',
      'plan-too-large',
      `a plan of ${plan.length} steps and ${writer.length} bytes is over the limit`,
      { hint: 'shorten the environment, the arguments or the list of mounts' },
    );
  }
  return writer.finish();
}

/** One step, as in a plan or a tree stream. */
export function encodeOp(op: Op, stage: Stage): Uint8Array {
  const writer = new ByteWriter();
  writeStep(writer, op, stage);
  return writer.finish();
}

/** Extended attributes as the tree operations carry them. */
export function encodeXattrs(xattrs: Iterable<readonly [string, Uint8Array]>): Uint8Array {
  const writer = new ByteWriter();
  for (const [name, value] of xattrs) {
    const nameBytes = encodeByteText(name);
    writer.u32(nameBytes.length).bytes(nameBytes).u32(value.length).bytes(value);
  }
  return writer.finish();
}

/** The reverse of `encodeXattrs`. @throws RangeError when the bytes end early. */
export function decodeXattrs(bytes: Uint8Array): Map<string, Uint8Array> {
  const reader = new ByteReader(bytes);
  const xattrs = new Map<string, Uint8Array>();
  while (reader.left > 0) {
    const name = decodeByteText(reader.bytes(reader.u32()));
    xattrs.set(name, reader.bytes(reader.u32()).slice());
  }
  return xattrs;
}

function writeStep(writer: ByteWriter, op: Op, stage: Stage): void {
  const codec = CODECS.get(op.op);
  assert(codec !== undefined, `known operation ${op.op}`);
  writer.u16(codec.code).u8(STAGES.indexOf(stage)).u8(0);
  const lengthAt = writer.length;
  writer.u32(0);
  const operands = op as unknown as Readonly<Record<string, unknown>>;
  for (const [field, kind] of codec.fields) {
    writeField(writer, kind, operands[field], op.op, field);
  }
  writer.setU32(lengthAt, writer.length - lengthAt - 4);
}

function writeField(
  writer: ByteWriter,
  kind: FieldKind,
  value: unknown,
  op: string,
  field: string,
): void {
  switch (kind) {
    case 'u32':
      writer.u32(checkedU32(value, op, field));
      return;
    case 'u64':
      if (typeof value !== 'bigint' || value < 0n || value > MAX_U64) mismatch(op, field, 'a u64');
      writer.u64(value);
      return;
    case 'str':
      writeText(writer, value, op, field);
      return;
    case 'bytes':
      if (!(value instanceof Uint8Array)) mismatch(op, field, 'bytes');
      writer.u32(value.length).bytes(value);
      return;
    case 'strs':
      if (!Array.isArray(value)) mismatch(op, field, 'a list');
      writer.u32(value.length);
      for (const item of value) writeText(writer, item, op, field);
      return;
    case 'u32s':
      if (!Array.isArray(value)) mismatch(op, field, 'a list');
      writer.u32(value.length);
      for (const item of value) writer.u32(checkedU32(item, op, field));
      return;
  }
}

function checkedU32(value: unknown, op: string, field: string): number {
  const fits = typeof value === 'number' && Number.isInteger(value) && value >= 0;
  if (!fits || value > 0xffffffff) mismatch(op, field, 'a u32');
  return value;
}

function writeText(writer: ByteWriter, value: unknown, op: string, field: string): void {
  if (typeof value !== 'string') mismatch(op, field, 'a string');
  // A NUL would end the string early on the C side: `a\0b` must never be read as `a`.
  if (value.includes('\0')) {
    throw new TiffinError('invalid', 'nul-in-text', `${op}.${field} holds a NUL character`);
  }
  const lengthAt = writer.length;
  writer.u32(0);
  if (value.isWellFormed()) writer.text(value);
  else writer.bytes(encodeByteText(value));
  writer.setU32(lengthAt, writer.length - lengthAt - 4).u8(0);
}

/** An operand that the types should have kept out: a defect of ours. Worded only when it happens: a start encodes hundreds. */
function mismatch(op: string, field: string, expected: string): never {
  throw new Error(`assertion failed: ${op}.${field} is ${expected}`);
}

/** Reads steps out of a stream that arrives in pieces of any size. */
export class OpStreamDecoder {
  #pending = new Uint8Array(0);

  /** Bytes of an unfinished operation; not 0 at the end of a stream: it broke off. */
  get pendingBytes(): number {
    return this.#pending.length;
  }

  /** @throws TiffinError `bad-op-stream` for an unknown code or operands that do not fit. */
  push(chunk: Uint8Array): Op[] {
    const bytes = this.#pending.length === 0 ? chunk : joined(this.#pending, chunk);
    const ops: Op[] = [];
    let at = 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    while (bytes.length - at >= STEP_HEAD_BYTES) {
      const length = view.getUint32(at + 4, true);
      if (length > limits.planBytes) throw badStream(`operation of ${length} bytes`);
      if (bytes.length - at - STEP_HEAD_BYTES < length) break;
      const start = at + STEP_HEAD_BYTES;
      ops.push(decodeOperands(view.getUint16(at, true), bytes.subarray(start, start + length)));
      at = start + length;
    }
    this.#pending = bytes.slice(at);
    return ops;
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}

function decodeOperands(code: number, payload: Uint8Array): Op {
  const codec = CODECS_BY_CODE.get(code);
  if (codec === undefined) throw badStream(`unknown operation ${code}`);
  const reader = new ByteReader(payload);
  const op: Record<string, unknown> = { op: codec.name };
  try {
    for (const [field, kind] of codec.fields) op[field] = readField(reader, kind);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw badStream(`${codec.name} ends early`);
  }
  if (reader.left > 0) throw badStream(`${codec.name} has ${reader.left} bytes too many`);
  return op as unknown as Op;
}

function readField(reader: ByteReader, kind: FieldKind): unknown {
  switch (kind) {
    case 'u32':
      return reader.u32();
    case 'u64':
      return reader.u64();
    case 'str':
      return readText(reader);
    case 'bytes':
      return reader.bytes(reader.u32());
    case 'strs':
      return readList(reader, 5, readText);
    case 'u32s':
      return readList(reader, 4, (from) => from.u32());
  }
}

function readText(reader: ByteReader): string {
  const text = decodeByteText(reader.bytes(reader.u32()));
  if (reader.u8() !== 0) throw badStream('text without its end mark');
  return text;
}

function readList<T>(reader: ByteReader, least: number, read: (reader: ByteReader) => T): T[] {
  const count = reader.u32();
  // Checked ahead: a count from a broken stream must not size an array.
  if (count * least > reader.left) throw new RangeError('list longer than its operation');
  return Array.from({ length: count }, () => read(reader));
}

function badStream(what: string): TiffinError {
  return new TiffinError('invalid', 'bad-op-stream', `broken operation stream: ${what}`);
}
