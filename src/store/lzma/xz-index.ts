/** The index at the end of an `.xz` stream: it has to name the blocks that were there. Memory does not grow with their number. */

import { crc32 } from 'node:zlib';
import type { ByteSource } from '../byte-source.ts';
import { BrokenLzma } from './broken.ts';
import { readNumber, VariableNumber } from './xz-fields.ts';

const PADDING = 4;

export class XzIndex {
  #blocks = 0;
  #sum = 0;

  /** Bytes of a block without its padding, and of its content. */
  add(packed: number, size: number): void {
    this.#blocks += 1;
    this.#sum = mix(this.#sum, packed, size);
  }

  /** Reads what stands behind its first byte, which is zero; the bytes that it takes, that one included. */
  async read(input: ByteSource): Promise<number> {
    const reader = new IndexReader(input);
    if ((await reader.number()) !== this.#blocks) throw new BrokenLzma('bad index');
    let sum = 0;
    for (let left = this.#blocks; left > 0; left -= 1) {
      const packed = await reader.number();
      sum = mix(sum, packed, await reader.number());
    }
    if (sum !== this.#sum) throw new BrokenLzma('bad index');
    return reader.finish();
  }
}

function mix(sum: number, packed: number, size: number): number {
  return crc32(`${packed} ${size};`, sum);
}

class IndexReader {
  readonly #input: ByteSource;
  #size = 1;
  #crc = crc32(Uint8Array.of(0));

  constructor(input: ByteSource) {
    this.#input = input;
  }

  async number(): Promise<number> {
    const number = new VariableNumber();
    for (;;) {
      const whole = number.push(await this.#byte());
      if (whole !== undefined) return whole;
    }
  }

  async finish(): Promise<number> {
    while (this.#size % PADDING !== 0) {
      if ((await this.#byte()) !== 0) throw new BrokenLzma('bad index');
    }
    const found = await this.#input.take(4);
    if (found === undefined) throw new BrokenLzma('unexpected end');
    if (readNumber(found, 0) !== this.#crc) throw new BrokenLzma('checksum mismatch in the index');
    return this.#size + found.length;
  }

  async #byte(): Promise<number> {
    const bytes = await this.#input.take(1);
    const [byte] = bytes ?? [];
    if (bytes === undefined || byte === undefined) throw new BrokenLzma('unexpected end');
    this.#size += 1;
    this.#crc = crc32(bytes, this.#crc);
    return byte;
  }
}
