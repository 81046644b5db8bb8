/** The latest output, which matches copy from, and the output that nobody has taken yet. */

import { BrokenLzma } from './broken.ts';

/** Memory follows the content, not what a header claims. */
const FIRST_BYTES = 64 * 1024;

export class Window {
  /** Bytes that matches may reach back. */
  readonly #most: number;
  #ring: Uint8Array;
  #at = 0;
  /** Bytes that can be reached back now. */
  #reach = 0;
  #output: Uint8Array;
  /** Bytes since the last `take`. */
  pending = 0;
  /** Bytes since the last reset. */
  total = 0;

  /** `most`: size of the dictionary; `output`: bytes between two calls of `take`. */
  constructor(most: number, output: number) {
    this.#most = Math.max(most, 1);
    this.#ring = new Uint8Array(Math.min(this.#most, FIRST_BYTES));
    this.#output = new Uint8Array(output);
  }

  /** Forgets what was written, as far as matches go. */
  reset(): void {
    this.#reach = 0;
    this.total = 0;
  }

  /** The byte `distance` before the latest; 0 where nothing was written. */
  back(distance: number): number {
    if (distance >= this.#reach) return 0;
    const at = this.#at - distance - 1;
    return this.#ring[at < 0 ? at + this.#ring.length : at] ?? 0;
  }

  put(byte: number): void {
    if (this.#at === this.#ring.length) this.#turn();
    this.#ring[this.#at] = byte;
    this.#at += 1;
    if (this.#reach < this.#ring.length) this.#reach += 1;
    this.#output[this.pending] = byte;
    this.pending += 1;
    this.total += 1;
  }

  /** Throws `BrokenLzma` for a distance that leads before the beginning. */
  copy(distance: number, length: number): void {
    if (distance >= this.#reach) throw new BrokenLzma('a match leads before the beginning');
    for (let left = length; left > 0; ) left -= this.#copySome(distance, left);
  }

  /** What was written since the last call; a copy. */
  take(): Uint8Array {
    const taken = this.#output.slice(0, this.pending);
    this.pending = 0;
    return taken;
  }

  /** As far as neither side comes to the end of the ring. Byte by byte: a match may reach into what it writes. */
  #copySome(distance: number, length: number): number {
    if (this.#at === this.#ring.length) this.#turn();
    const ring = this.#ring;
    const output = this.#output;
    const to = this.#at;
    const from = to > distance ? to - distance - 1 : to - distance - 1 + ring.length;
    const count = Math.min(length, ring.length - to, ring.length - from);
    const pending = this.pending;
    for (let at = 0; at < count; at += 1) {
      const byte = ring[from + at] ?? 0;
      ring[to + at] = byte;
      output[pending + at] = byte;
    }
    this.#at += count;
    this.#reach = Math.min(this.#reach + count, ring.length);
    this.pending += count;
    this.total += count;
    return count;
  }

  /** At the end of the ring: a larger one while the dictionary allows it, else from its beginning again. */
  #turn(): void {
    if (this.#ring.length >= this.#most) {
      this.#at = 0;
      return;
    }
    const larger = new Uint8Array(Math.min(this.#most, this.#ring.length * 2));
    larger.set(this.#ring);
    this.#ring = larger;
  }
}
