/** Bits of a byte array, most significant first. */

/** Thrown when the array ends in the middle: with more bytes it may go on. */
export class OutOfBits extends Error {
  override readonly name = 'OutOfBits';
}

const MOST = 24;

export class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #held = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Up to 24 bits as a number. */
  read(bits: number): number {
    while (this.#count < bits) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw new OutOfBits();
      this.#at += 1;
      this.#held = ((this.#held << 8) | byte) >>> 0;
      this.#count += 8;
    }
    this.#count -= bits;
    return (this.#held >>> this.#count) & ((1 << bits) - 1);
  }

  /** 32 or 48 bits. */
  readLong(bits: number): number {
    return this.read(bits - MOST) * 2 ** MOST + this.read(MOST);
  }

  /** Bits taken so far. */
  get position(): number {
    return this.#at * 8 - this.#count;
  }

  skip(bits: number): void {
    for (let left = bits; left > 0; left -= Math.min(left, MOST)) this.read(Math.min(left, MOST));
  }
}
