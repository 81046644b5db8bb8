/** The fixed fields of a tar header block (tar(5), POSIX pax "ustar Interchange Format"). */

import { decodeByteText } from '../../base/byte-text.ts';
import { TiffinError } from '../../base/errors.ts';
import { BLOCK } from './entry.ts';

/** Offsets and sizes in the header block. */
export const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  link: [157, 100],
  magic: [257, 8],
  userName: [265, 32],
  groupName: [297, 32],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
  /** GNU: four pairs of offset and length, then whether more blocks of them follow, then the apparent size. */
  sparse: [386, 96],
  sparseMore: [482, 1],
  sparseSize: [483, 12],
} as const;

type Field = readonly [offset: number, size: number];

export function malformed(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-archive', `invalid tar archive: ${message}`);
}

export function fieldBytes(block: Uint8Array, [offset, size]: Field): Uint8Array {
  return block.subarray(offset, offset + size);
}

/** Up to the first NUL. */
export function fieldText(block: Uint8Array, field: Field): string {
  const bytes = fieldBytes(block, field);
  const end = bytes.indexOf(0);
  return decodeByteText(end < 0 ? bytes : bytes.subarray(0, end));
}

/** A number that may not be negative, such as a size or an owner. */
export function fieldCount(block: Uint8Array, field: Field, what: string): number {
  const value = fieldNumber(block, field, what);
  if (value < 0) throw malformed(`${what} is negative`);
  return value;
}

/** Octal digits, or base-256 when the top bit of the first byte is set (GNU). Safe integers only. */
export function fieldNumber(block: Uint8Array, field: Field, what: string): number {
  const bytes = fieldBytes(block, field);
  return ((bytes[0] ?? 0) & 0x80) !== 0 ? base256(bytes, what) : octal(bytes, what);
}

/** Whether the checksum field is the sum of the block, as unsigned or (old tars) as signed bytes. */
export function checksumMatches(block: Uint8Array): boolean {
  const [start, size] = FIELDS.checksum;
  let unsigned = 0;
  let signed = 0;
  for (let at = 0; at < BLOCK; at += 1) {
    const byte = at >= start && at < start + size ? 32 : (block[at] ?? 0);
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const stored = fieldNumber(block, FIELDS.checksum, 'checksum');
  return stored === unsigned || stored === signed;
}

function octal(bytes: Uint8Array, what: string): number {
  let at = 0;
  while (bytes[at] === 32 || bytes[at] === 0) at += 1;
  let value = 0;
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === 0 || byte === 32) break;
    if (byte < 48 || byte > 55) throw malformed(`${what} is not an octal number`);
    value = value * 8 + (byte - 48);
  }
  // What follows the terminator must be padding, or two readers could see two numbers.
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte !== 0 && byte !== 32) throw malformed(`${what} is not an octal number`);
  }
  return safe(value, what);
}

function base256(bytes: Uint8Array, what: string): number {
  const first = bytes[0] ?? 0;
  const negative = (first & 0x40) !== 0;
  let value = negative ? BigInt(first & 0x7f) - 0x80n : BigInt(first & 0x7f);
  for (const byte of bytes.subarray(1)) value = value * 256n + BigInt(byte);
  return safe(Number(value), what);
}

function safe(value: number, what: string): number {
  if (!Number.isSafeInteger(value)) throw malformed(`${what} is out of range`);
  return value;
}
