/** Numbers of the `.xz` format. */

import { BrokenLzma } from './broken.ts';

/** Bits of a number in pieces of seven; more than 53 fit no number here, and no file. */
const MOST_BYTES = 7;

/** Little endian, 32 bits. */
export function readNumber(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
}

/** Collects a number of seven bits per byte, the lowest first (section 1.2). */
export class VariableNumber {
  #value = 0;
  #bytes = 0;

  /** The number when it is whole. */
  push(byte: number): number | undefined {
    this.#value += (byte & 0x7f) * 2 ** (7 * this.#bytes);
    this.#bytes += 1;
    if (byte < 0x80) {
      if (byte === 0 && this.#bytes > 1) throw new BrokenLzma('a number with a superfluous byte');
      return this.#value;
    }
    if (this.#bytes === MOST_BYTES) throw new BrokenLzma('a number is too large');
    return undefined;
  }
}

export class FieldReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new BrokenLzma('a header is too short');
    this.#at += 1;
    return byte;
  }

  number(): number {
    const number = new VariableNumber();
    for (;;) {
      const whole = number.push(this.byte());
      if (whole !== undefined) return whole;
    }
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }
}
