/** The binary range coder of LZMA with adaptive bits. Reads from bytes at hand; a read behind them throws `BrokenLzma`. */

import { BrokenLzma } from './broken.ts';

const TOP = 1 << 24;
const MODEL_BITS = 11;
const MOVE_BITS = 5;
const HALF = 1 << (MODEL_BITS - 1);
const WHOLE = 1 << MODEL_BITS;

/** Bytes that begin a coded stream. */
export const RANGE_HEAD = 5;

export class RangeDecoder {
  readonly models: Uint16Array;
  #range = 0;
  #code = 0;
  #input: Uint8Array = new Uint8Array(0);
  /** Index of the next byte. */
  at = 0;

  constructor(models: number) {
    this.models = new Uint16Array(models).fill(HALF);
  }

  reset(): void {
    this.models.fill(HALF);
  }

  /** Goes on with other bytes. */
  feed(input: Uint8Array): void {
    this.#input = input;
    this.at = 0;
  }

  /** Reads the first five bytes. */
  begin(): void {
    if (this.#next() !== 0) throw new BrokenLzma('the range coder does not begin with zero');
    this.#range = 0xffffffff;
    this.#code = 0;
    for (let byte = 1; byte < RANGE_HEAD; byte += 1) {
      this.#code = ((this.#code << 8) | this.#next()) >>> 0;
    }
  }

  get left(): number {
    return this.#input.length - this.at;
  }

  /** As it must be where coded data ends. */
  get finished(): boolean {
    return this.#code === 0;
  }

  bit(model: number): number {
    const chance = this.models[model] ?? HALF;
    const bound = (this.#range >>> MODEL_BITS) * chance;
    let bit = 0;
    if (this.#code < bound) {
      this.#range = bound;
      this.models[model] = chance + ((WHOLE - chance) >>> MOVE_BITS);
    } else {
      this.#range -= bound;
      this.#code -= bound;
      this.models[model] = chance - (chance >>> MOVE_BITS);
      bit = 1;
    }
    if (this.#range < TOP) this.#shift();
    return bit;
  }

  /** Bits of even chance, the highest first. */
  direct(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left -= 1) {
      this.#range >>>= 1;
      const bit = this.#code >= this.#range ? 1 : 0;
      if (bit === 1) this.#code -= this.#range;
      value = value * 2 + bit;
      if (this.#range < TOP) this.#shift();
    }
    return value;
  }

  /** A number of `bits` bits, the highest first, with a model for each prefix. */
  tree(models: number, bits: number): number {
    let node = 1;
    for (let left = bits; left > 0; left -= 1) node = (node << 1) | this.bit(models + node);
    return node - (1 << bits);
  }

  /** The same, the lowest bit first. */
  reverseTree(models: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let at = 0; at < bits; at += 1) {
      const bit = this.bit(models + node);
      node = (node << 1) | bit;
      value |= bit << at;
    }
    return value;
  }

  #shift(): void {
    this.#range = (this.#range << 8) >>> 0;
    this.#code = ((this.#code << 8) | this.#next()) >>> 0;
  }

  #next(): number {
    const byte = this.#input[this.at];
    if (byte === undefined) throw new BrokenLzma('unexpected end');
    this.at += 1;
    return byte;
  }
}
