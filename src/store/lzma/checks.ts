/** The checks of an `.xz` block's content (xz's `doc/xz-file-format.txt`, section 2.1.1.2). */

import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

export interface Check {
  /** Bytes in the file. */
  size: number;
  begin(): RunningCheck;
}

export interface RunningCheck {
  update(bytes: Uint8Array): void;
  /** As it stands in the file. */
  finish(): Uint8Array;
}

/** By the number in the stream's header. Others are reserved. */
export const checks: ReadonlyMap<number, Check> = new Map([
  [0, { size: 0, begin: beginNone }],
  [1, { size: 4, begin: beginCrc32 }],
  [4, { size: 8, begin: beginCrc64 }],
  [10, { size: 32, begin: beginSha256 }],
]);

function beginNone(): RunningCheck {
  return { update: () => undefined, finish: () => new Uint8Array(0) };
}

function beginCrc32(): RunningCheck {
  let value = 0;
  return {
    update: (bytes) => {
      value = crc32(bytes, value);
    },
    finish: () => littleEndian([value]),
  };
}

function beginSha256(): RunningCheck {
  const hash = createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), finish: () => hash.digest() };
}

/** ECMA-182, bits reversed; in two halves, as no integer of this language holds it. */
const POLYNOMIAL = [0xd7870f42, 0xc96c5795] as const;
const MASK = 0xffffffff;

function beginCrc64(): RunningCheck {
  const [lows, highs] = tables();
  let low = MASK;
  let high = MASK;
  return {
    update: (bytes) => {
      for (const byte of bytes) {
        const at = (low ^ byte) & 0xff;
        low = ((low >>> 8) | (high << 24)) ^ (lows[at] ?? 0);
        high = (high >>> 8) ^ (highs[at] ?? 0);
      }
    },
    finish: () => littleEndian([~low, ~high]),
  };
}

let crc64Tables: readonly [Int32Array, Int32Array] | undefined;

function tables(): readonly [Int32Array, Int32Array] {
  crc64Tables ??= makeTables();
  return crc64Tables;
}

function makeTables(): readonly [Int32Array, Int32Array] {
  const lows = new Int32Array(256);
  const highs = new Int32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit += 1) {
      const carry = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (carry === 1) {
        low ^= POLYNOMIAL[0];
        high ^= POLYNOMIAL[1];
      }
    }
    lows[byte] = low;
    highs[byte] = high;
  }
  return [lows, highs];
}

function littleEndian(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [at, word] of words.entries()) view.setUint32(at * 4, word >>> 0, true);
  return bytes;
}
