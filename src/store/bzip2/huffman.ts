/** The prefix codes of a bzip2 block: canonical, of 1 to 20 bits. */

import type { BitReader } from './bits.ts';
import { BrokenBzip2 } from './broken.ts';

const LONGEST = 20;

export class PrefixCode {
  /** Per length: the last code of it, left-aligned to nothing; and what to take off for the place in `#symbols`. */
  readonly #last = new Int32Array(LONGEST + 1).fill(-1);
  readonly #offset = new Int32Array(LONGEST + 1);
  readonly #symbols: Uint16Array;

  constructor(lengths: Uint8Array) {
    const counts = new Int32Array(LONGEST + 1);
    for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
    this.#symbols = new Uint16Array(lengths.length);
    let code = 0;
    let place = 0;
    for (let length = 1; length <= LONGEST; length += 1) {
      code <<= 1;
      this.#offset[length] = code - place;
      for (const [symbol, own] of lengths.entries()) {
        if (own !== length) continue;
        this.#symbols[place] = symbol;
        place += 1;
      }
      code += counts[length] ?? 0;
      if (code > 2 ** length) throw new BrokenBzip2('more codes than a length has');
      this.#last[length] = code - 1;
    }
  }

  next(bits: BitReader): number {
    let code = 0;
    for (let length = 1; length <= LONGEST; length += 1) {
      code = (code << 1) | bits.read(1);
      if (code <= (this.#last[length] ?? -1)) {
        const symbol = this.#symbols[code - (this.#offset[length] ?? 0)];
        if (symbol !== undefined) return symbol;
      }
    }
    throw new BrokenBzip2('a code that no symbol has');
  }
}

/** The lengths of one code: each as its difference to the one before. */
export function readLengths(bits: BitReader, symbols: number): Uint8Array {
  const lengths = new Uint8Array(symbols);
  let length = bits.read(5);
  for (let symbol = 0; symbol < symbols; symbol += 1) {
    for (;;) {
      if (length < 1 || length > LONGEST) throw new BrokenBzip2('a code of no length');
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return lengths;
}
