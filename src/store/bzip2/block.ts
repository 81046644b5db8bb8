/** One block of bzip2: prefix codes, runs, move to front, and the Burrows-Wheeler transform that they stand for. */

import type { BitReader } from './bits.ts';
import { BrokenBzip2 } from './broken.ts';
import { PrefixCode, readLengths } from './huffman.ts';

/** Symbols that one choice of a code is for. */
const GROUP = 50;
const RUN_A = 0;
const RUN_B = 1;

export interface Block {
  /** Checksum of its content. */
  sum: number;
  /** Each entry: a byte in the low eight bits, above them the place of the entry that follows. */
  chain: Uint32Array;
  /** Where the content begins in the chain. */
  start: number;
}

/** Behind the magic number; `room` is as large as a block may be. Throws `OutOfBits` when the block goes on behind what is there. */
export function readBlock(bits: BitReader, room: Uint8Array): Block {
  const sum = bits.readLong(32);
  if (bits.read(1) !== 0)
    throw new BrokenBzip2('a randomised block, which no bzip2 since 1998 writes');
  const origin = bits.read(24);
  const alphabet = readAlphabet(bits);
  const symbols = alphabet.length + 2;
  const codeCount = bits.read(3);
  if (codeCount < 2 || codeCount > 6) throw new BrokenBzip2(`${codeCount} codes in a block`);
  const selectors = readSelectors(bits, codeCount);
  const codes = Array.from({ length: codeCount }, () => new PrefixCode(readLengths(bits, symbols)));
  const chosen = selectors.map((at) => codes[at]);
  const transformed = readSymbols(bits, chosen, alphabet, room);
  if (origin >= transformed.length) throw new BrokenBzip2('a block that begins outside of itself');
  const chain = invert(transformed);
  return { sum, chain, start: (chain[origin] ?? 0) >>> 8 };
}

/** The bytes that occur, in a map of two levels. */
function readAlphabet(bits: BitReader): Uint8Array {
  const groups = bits.read(16);
  const used: number[] = [];
  for (let group = 0; group < 16; group += 1) {
    if ((groups & (0x8000 >> group)) === 0) continue;
    const map = bits.read(16);
    for (let at = 0; at < 16; at += 1) if ((map & (0x8000 >> at)) !== 0) used.push(group * 16 + at);
  }
  if (used.length === 0) throw new BrokenBzip2('a block without bytes');
  return Uint8Array.from(used);
}

/** Which code is for which group of symbols, moved to front. */
function readSelectors(bits: BitReader, codes: number): number[] {
  const count = bits.read(15);
  if (count === 0) throw new BrokenBzip2('a block without codes');
  const order = Array.from({ length: codes }, (_, at) => at);
  const selectors: number[] = [];
  for (let at = 0; at < count; at += 1) {
    let place = 0;
    while (bits.read(1) === 1) {
      place += 1;
      if (place >= codes) throw new BrokenBzip2('a choice of a code that is not there');
    }
    const [selector = 0] = order.splice(place, 1);
    order.unshift(selector);
    selectors.push(selector);
  }
  return selectors;
}

function readSymbols(
  bits: BitReader,
  chosen: readonly (PrefixCode | undefined)[],
  alphabet: Uint8Array,
  out: Uint8Array,
): Uint8Array {
  const order = Uint8Array.from(alphabet);
  const end = alphabet.length + 1;
  let length = 0;
  let run = 0;
  let weight = 1;
  for (let count = 0; ; count += 1) {
    const code = chosen[Math.floor(count / GROUP)];
    if (code === undefined) throw new BrokenBzip2('more symbols than codes');
    const symbol = code.next(bits);
    if (symbol === RUN_A || symbol === RUN_B) {
      run += weight * (symbol + 1);
      weight *= 2;
      if (run > out.length) throw new BrokenBzip2('a run longer than its block');
      continue;
    }
    if (length + run + (symbol === end ? 0 : 1) > out.length)
      throw new BrokenBzip2('a block too long');
    out.fill(order[0] ?? 0, length, length + run);
    length += run;
    run = 0;
    weight = 1;
    if (symbol === end) return out.subarray(0, length);
    const byte = order[symbol - 1] ?? 0;
    order.copyWithin(1, 0, symbol - 1);
    order[0] = byte;
    out[length] = byte;
    length += 1;
  }
}

/** From the last column of the sorted rotations to the order of the text. */
function invert(column: Uint8Array): Uint32Array {
  const starts = new Uint32Array(256);
  for (const byte of column) starts[byte] = (starts[byte] ?? 0) + 1;
  let sum = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    const count = starts[byte] ?? 0;
    starts[byte] = sum;
    sum += count;
  }
  const chain = new Uint32Array(column.length);
  for (let at = 0; at < column.length; at += 1) chain[at] = column[at] ?? 0;
  for (let at = 0; at < column.length; at += 1) {
    const byte = column[at] ?? 0;
    const place = starts[byte] ?? 0;
    chain[place] = ((chain[place] ?? 0) | (at << 8)) >>> 0;
    starts[byte] = place + 1;
  }
  return chain;
}
