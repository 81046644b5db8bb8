/**
 * Follows the frames of a zstd stream without decoding them (RFC 8878 section 3.1), since the decoder does not tell whether
 * its input ended in the middle of a frame or had something else behind it.
 */

import { TiffinError } from '../base/errors.ts';

type State = 'magic' | 'descriptor' | 'block' | 'skippable';

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const DICTIONARY_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];
const CHECKSUM_BYTES = 4;
const RLE = 1;
const RESERVED = 3;

/** Bytes that each state looks at. */
const NEEDS: Readonly<Record<State, number>> = { magic: 4, descriptor: 1, block: 3, skippable: 4 };

export class ZstdFrames {
  #state: State = 'magic';
  readonly #head = new Uint8Array(4);
  #filled = 0;
  /** Bytes to pass over before the next look. */
  #skip = 0;
  #checksum = false;

  /** Whether the stream may end here. */
  get complete(): boolean {
    return this.#state === 'magic' && this.#filled === 0 && this.#skip === 0;
  }

  /** Throws `invalid` where no frame, or no block, can begin. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      this.#head[this.#filled] = chunk[at] ?? 0;
      this.#filled += 1;
      at += 1;
      if (this.#filled === NEEDS[this.#state]) this.#step();
    }
  }

  #step(): void {
    const view = new DataView(this.#head.buffer);
    const [first = 0] = this.#head;
    const state = this.#state;
    this.#filled = 0;
    if (state === 'magic') this.#magic(view.getUint32(0, true));
    else if (state === 'descriptor') this.#descriptor(first);
    else if (state === 'block') this.#block(view.getUint16(0, true) + view.getUint8(2) * 65536);
    else {
      this.#skip = view.getUint32(0, true);
      this.#state = 'magic';
    }
  }

  #magic(magic: number): void {
    if (magic === MAGIC) this.#state = 'descriptor';
    else if ((magic & 0xfffffff0) === SKIPPABLE) this.#state = 'skippable';
    else throw broken('something else follows the last frame');
  }

  #descriptor(flags: number): void {
    const single = (flags & 0x20) !== 0;
    const window = single ? 0 : 1;
    const sizeFlag = flags >> 6;
    const size = sizeFlag === 0 && single ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] ?? 0);
    this.#checksum = (flags & 0x04) !== 0;
    this.#skip = window + (DICTIONARY_BYTES[flags & 3] ?? 0) + size;
    this.#state = 'block';
  }

  #block(header: number): void {
    const type = (header >> 1) & 3;
    if (type === RESERVED) throw broken('a block of an unknown type');
    this.#skip = type === RLE ? 1 : header >> 3;
    if ((header & 1) === 0) return;
    if (this.#checksum) this.#skip += CHECKSUM_BYTES;
    this.#state = 'magic';
  }
}

function broken(what: string): TiffinError {
  return new TiffinError('invalid', 'bad-compression', `broken zstd data: ${what}`);
}
