/** The content of one member as it passes by: stored bytes mapped to offsets of the file, then padding. */

import { BLOCK, type TarEvent } from './entry.ts';
import type { SparseMap } from './sparse.ts';

export class MemberData {
  #left: number;
  #padding: number;
  readonly #emit: boolean;
  readonly #map: SparseMap | undefined;
  #piece = 0;
  /** Within the piece; within the file when there is no map. */
  #offset = 0;

  /** `map` undefined: the content has no holes. `emit` false: it is passed over. */
  constructor(stored: number, map: SparseMap | undefined, emit: boolean) {
    this.#left = stored;
    this.#padding = (BLOCK - (stored % BLOCK)) % BLOCK;
    this.#map = map;
    this.#emit = emit;
  }

  get done(): boolean {
    return this.#left === 0 && this.#padding === 0;
  }

  /** Consumes what belongs to the member; returns the index of what follows in the chunk. */
  take(chunk: Uint8Array, start: number, events: TarEvent[]): number {
    let at = start;
    while (this.#left > 0 && at < chunk.length) {
      const size = Math.min(this.#left, chunk.length - at, this.#pieceLeft());
      if (this.#emit) {
        events.push({ kind: 'data', offset: this.#place(), bytes: chunk.subarray(at, at + size) });
      }
      at += size;
      this.#left -= size;
      this.#advance(size);
    }
    const skipped = this.#left > 0 ? 0 : Math.min(this.#padding, chunk.length - at);
    this.#padding -= skipped;
    return at + skipped;
  }

  #pieceLeft(): number {
    const piece = this.#map?.[this.#piece];
    return piece === undefined ? Number.POSITIVE_INFINITY : piece.length - this.#offset;
  }

  #place(): number {
    return (this.#map?.[this.#piece]?.offset ?? 0) + this.#offset;
  }

  #advance(size: number): void {
    this.#offset += size;
    if (this.#map !== undefined && this.#pieceLeft() === 0) {
      this.#piece += 1;
      this.#offset = 0;
    }
  }
}
