/** Growable byte writer and bounded byte reader. Little endian unless the name says otherwise. */

import { assert } from './errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  /** `capacity`: bytes expected; more is no mistake. */
  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  #room(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#room(8);
    this.#view.setBigUint64(at, value, true);
    return this;
  }

  u16be(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value, false);
    return this;
  }

  u32be(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value, false);
    return this;
  }

  u64be(value: bigint): this {
    const at = this.#room(8);
    this.#view.setBigUint64(at, value, false);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** UTF-8. */
  text(value: string): this {
    // A UTF-16 unit takes at most three bytes; what was not needed is given back.
    const at = this.#room(value.length * 3);
    this.#length = at + encoder.encodeInto(value, this.#bytes.subarray(at)).written;
    return this;
  }

  /** Zero bytes up to the next multiple of `alignment`. */
  pad(alignment: number): this {
    this.#room((alignment - (this.#length % alignment)) % alignment);
    return this;
  }

  /** Overwrites four bytes written earlier, for a length known only afterwards. */
  setU32(at: number, value: number): this {
    assert(at + 4 <= this.#length, 'setU32 inside what was written');
    this.#view.setUint32(at, value, true);
    return this;
  }

  setU16(at: number, value: number): this {
    assert(at + 2 <= this.#length, 'setU16 inside what was written');
    this.#view.setUint16(at, value, true);
    return this;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Reads with bounds checks; a read past the end throws a `RangeError`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  #take(size: number): number {
    if (size > this.left) throw new RangeError(`read of ${size} bytes with ${this.left} left`);
    const at = this.#at;
    this.#at += size;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  u16be(): number {
    return this.#view.getUint16(this.#take(2), false);
  }

  u32be(): number {
    return this.#view.getUint32(this.#take(4), false);
  }

  /** A view, not a copy. */
  bytes(size: number): Uint8Array {
    const at = this.#take(size);
    return this.#bytes.subarray(at, at + size);
  }

  text(size: number): string {
    return decoder.decode(this.bytes(size));
  }

  skip(size: number): void {
    this.#take(size);
  }
}
