/** LZMA itself: literals, matches and repeated matches (LZMA specification, `lzma-specification.txt` of the LZMA SDK). Total: bad data throws `BrokenLzma`. */

import { BrokenLzma } from './broken.ts';
import { FIRST_DIRECT_SLOT, FIRST_MODELLED_SLOT, LENGTH, LITERAL_MODELS, MODEL } from './models.ts';
import { RangeDecoder } from './range-decoder.ts';
import { Window } from './window.ts';

/** How literals and positions are modelled: lc, lp and pb. */
export interface Properties {
  literalContext: number;
  literalPosition: number;
  position: number;
}

/** Bytes that one symbol takes at most, and that have to be at hand unless the input ends there. */
export const SYMBOL_BYTES = 21;

/** Output between two calls of `take`. */
export const OUTPUT_BYTES = 128 * 1024;

const SHORTEST_MATCH = 2;
const LONGEST_MATCH = 273;
const END_MARKER = 0xffffffff;
const ALIGN_BITS = 4;

/** One byte holds all three. Undefined for one that cannot. */
export function parseProperties(byte: number): Properties | undefined {
  if (byte >= 9 * 5 * 5) return undefined;
  const rest = Math.trunc(byte / 9);
  return { literalContext: byte % 9, literalPosition: rest % 5, position: Math.trunc(rest / 5) };
}

export class LzmaDecoder {
  readonly range: RangeDecoder;
  readonly window: Window;
  #properties: Properties;
  #state = 0;
  #distances: [number, number, number, number] = [0, 0, 0, 0];
  /** The end marker was read. */
  ended = false;

  /** `dictionary` in bytes. */
  constructor(dictionary: number, properties: Properties) {
    const { literalContext, literalPosition } = properties;
    this.range = new RangeDecoder(
      MODEL.literal + LITERAL_MODELS * 2 ** (literalContext + literalPosition),
    );
    this.window = new Window(dictionary, OUTPUT_BYTES + LONGEST_MATCH);
    this.#properties = properties;
  }

  /** Begins anew but for what was written. The properties must not need more models than those of the constructor. */
  reset(properties: Properties): void {
    this.#properties = properties;
    this.#state = 0;
    this.#distances = [0, 0, 0, 0];
    this.range.reset();
  }

  /**
   * Decodes symbols until `most` bytes are pending, the end marker came, or so little input is left that a symbol might not be whole;
   * with `last` the input ends where it ends.
   */
  run(most: number, last: boolean): void {
    const { window, range } = this;
    const spare = last ? 0 : SYMBOL_BYTES;
    while (window.pending < most && !this.ended) {
      if (range.left < spare) return;
      this.#symbol();
    }
  }

  #symbol(): void {
    const { range, window } = this;
    const state = this.#state;
    const position = window.total & ((1 << this.#properties.position) - 1);
    if (range.bit(MODEL.isMatch + state * 16 + position) === 0) {
      this.#literal();
    } else if (range.bit(MODEL.isRepeat + state) === 0) {
      this.#match(position);
    } else {
      this.#repeat(position);
    }
  }

  #literal(): void {
    const { range, window } = this;
    const { literalContext, literalPosition } = this.#properties;
    const low = window.total & ((1 << literalPosition) - 1);
    const context = (low << literalContext) + (window.back(0) >> (8 - literalContext));
    const models = MODEL.literal + LITERAL_MODELS * context;
    let node = 1;
    if (this.#state >= 7) {
      // After a match the byte there is a good guess: bits are modelled by its bits as long as they agree.
      let guess = window.back(this.#distances[0]);
      while (node < 0x100) {
        const expected = (guess >> 7) & 1;
        guess <<= 1;
        const bit = range.bit(models + ((1 + expected) << 8) + node);
        node = (node << 1) | bit;
        if (bit !== expected) break;
      }
    }
    while (node < 0x100) node = (node << 1) | range.bit(models + node);
    window.put(node & 0xff);
    this.#state = this.#state < 4 ? 0 : this.#state - (this.#state < 10 ? 3 : 6);
  }

  #match(position: number): void {
    const { range, window } = this;
    const [first, second, third] = this.#distances;
    const length = this.#length(MODEL.matchLength, position);
    this.#state = this.#state < 7 ? 7 : 10;
    const distance = this.#distance(length);
    if (distance === END_MARKER) {
      if (!range.finished) throw new BrokenLzma('rubbish at the end marker');
      this.ended = true;
      return;
    }
    this.#distances = [distance, first, second, third];
    window.copy(distance, length + SHORTEST_MATCH);
  }

  /** One of the latest four distances again, which comes to the front. */
  #repeat(position: number): void {
    const { range, window } = this;
    const state = this.#state;
    const [first, second, third, fourth] = this.#distances;
    if (range.bit(MODEL.isRepeat0 + state) === 0) {
      if (range.bit(MODEL.isRepeat0Long + state * 16 + position) === 0) {
        this.#state = state < 7 ? 9 : 11;
        window.copy(first, 1);
        return;
      }
    } else if (range.bit(MODEL.isRepeat1 + state) === 0) {
      this.#distances = [second, first, third, fourth];
    } else if (range.bit(MODEL.isRepeat2 + state) === 0) {
      this.#distances = [third, first, second, fourth];
    } else {
      this.#distances = [fourth, first, second, third];
    }
    const length = this.#length(MODEL.repeatLength, position);
    this.#state = state < 7 ? 8 : 11;
    window.copy(this.#distances[0], length + SHORTEST_MATCH);
  }

  /** 0 to 271. */
  #length(models: number, position: number): number {
    const { range } = this;
    if (range.bit(models + LENGTH.choice) === 0) {
      return range.tree(models + LENGTH.low + position * 8, 3);
    }
    if (range.bit(models + LENGTH.longChoice) === 0) {
      return 8 + range.tree(models + LENGTH.middle + position * 8, 3);
    }
    return 16 + range.tree(models + LENGTH.high, 8);
  }

  #distance(length: number): number {
    const { range } = this;
    const slot = range.tree(MODEL.slot + Math.min(length, 3) * 64, 6);
    if (slot < FIRST_MODELLED_SLOT) return slot;
    const bits = (slot >> 1) - 1;
    const base = (2 + (slot & 1)) * 2 ** bits;
    if (slot < FIRST_DIRECT_SLOT) {
      return base + range.reverseTree(MODEL.distance + base - slot, bits);
    }
    const middle = range.direct(bits - ALIGN_BITS) * 2 ** ALIGN_BITS;
    return base + middle + range.reverseTree(MODEL.align, ALIGN_BITS);
  }
}
