/** Headers of cpio's portable formats (cpio(5)): numbers as text, of fixed width. */

import { TiffinError } from '../../base/errors.ts';

export interface CpioHeader {
  /** Tells two files apart that have several names. */
  inode: string;
  /** Type and permission bits. */
  mode: number;
  uid: number;
  gid: number;
  links: number;
  /** s since 1970. */
  mtime: number;
  size: number;
  /** Of a device. */
  major: number;
  minor: number;
  /** Bytes of the name with the zero at its end. */
  nameSize: number;
  /** All bytes of a file added up, where the format has it. */
  sum: number;
}

export interface CpioFormat {
  /** With the magic. */
  headerBytes: number;
  /** What header with name, and content, are padded to. */
  alignment: number;
  sums: boolean;
  /** What stands behind the magic. */
  parse(bytes: Uint8Array): CpioHeader;
}

export const CPIO_MAGIC_BYTES = 6;

const newc = { headerBytes: 110, alignment: 4, parse: parseNewc };
const FORMATS: ReadonlyMap<string, CpioFormat> = new Map([
  ['070701', { ...newc, sums: false }],
  ['070702', { ...newc, sums: true }],
  ['070707', { headerBytes: 76, alignment: 1, sums: false, parse: parseOdc }],
]);

/** Undefined where no header begins. */
export function cpioFormat(head: Uint8Array): CpioFormat | undefined {
  return FORMATS.get(Buffer.from(head.subarray(0, CPIO_MAGIC_BYTES)).toString('latin1'));
}

/** Whether it is cpio's oldest format, of 16-bit numbers in either order, which is not read here. */
export function isBinaryCpio(head: Uint8Array): boolean {
  const [first, second] = head;
  return (first === 0xc7 && second === 0x71) || (first === 0x71 && second === 0xc7);
}

export function brokenCpio(reason: string): TiffinError {
  return new TiffinError('invalid', 'bad-archive', `broken cpio archive: ${reason}`);
}

function parseNewc(bytes: Uint8Array): CpioHeader {
  const field = (at: number) => digits(bytes, at * 8, 8, 16);
  return {
    inode: `${field(7)}:${field(8)}:${field(0)}`,
    mode: field(1),
    uid: field(2),
    gid: field(3),
    links: field(4),
    mtime: field(5),
    size: field(6),
    major: field(9),
    minor: field(10),
    nameSize: field(11),
    sum: field(12),
  };
}

function parseOdc(bytes: Uint8Array): CpioHeader {
  const field = (at: number) => digits(bytes, at, 6, 8);
  const device = field(36);
  return {
    inode: `${field(0)}:${field(6)}`,
    mode: field(12),
    uid: field(18),
    gid: field(24),
    links: field(30),
    major: device >> 8,
    minor: device & 0xff,
    mtime: digits(bytes, 42, 11, 8),
    nameSize: field(53),
    size: digits(bytes, 59, 11, 8),
    sum: 0,
  };
}

/** Every character has to be a digit: at most 33 bits, so the result is exact. */
function digits(bytes: Uint8Array, from: number, count: number, base: 8 | 16): number {
  let value = 0;
  for (let at = from; at < from + count; at += 1) {
    const digit = digitOf(bytes[at] ?? 0);
    if (digit >= base) throw brokenCpio('a field that is no number');
    value = value * base + digit;
  }
  return value;
}

function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte & ~0x20;
  return letter >= 0x41 && letter <= 0x46 ? letter - 0x41 + 10 : Number.POSITIVE_INFINITY;
}
