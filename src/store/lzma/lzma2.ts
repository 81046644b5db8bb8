/** LZMA2: chunks of LZMA or of plain bytes, each of known size (xz's `doc/xz-file-format.txt`, section 5.3.1, and its sources). */

import { breathe } from '../breathe.ts';
import type { ByteSource } from '../byte-source.ts';
import { BrokenLzma } from './broken.ts';
import { LzmaDecoder, OUTPUT_BYTES, type Properties, parseProperties } from './decoder.ts';

const END = 0;
const PLAIN_WITH_RESET = 1;
const PLAIN = 2;
const LZMA = 0x80;
/** What bits 5 and 6 of an LZMA chunk ask for, each with all before it. */
const RESET_STATE = 1;
const NEW_PROPERTIES = 2;
const RESET_DICTIONARY = 3;
/** LZMA2 allows lc + lp of four. */
const MOST_LITERAL_BITS = 4;
const MOST_MODELS: Properties = { literalContext: 4, literalPosition: 0, position: 4 };

export class Lzma2Decoder {
  readonly #input: ByteSource;
  readonly #decoder: LzmaDecoder;
  #properties: Properties | undefined;
  #begun = false;
  /** Bytes of input taken. */
  consumed = 0;

  constructor(input: ByteSource, dictionary: number) {
    this.#input = input;
    this.#decoder = new LzmaDecoder(dictionary, MOST_MODELS);
  }

  /** Until the end of the chunks, and no byte further. */
  async *decode(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const [control = 0] = await this.#take(1);
      if (control === END) return;
      if (control >= LZMA) {
        yield* this.#coded(control);
      } else if (control === PLAIN || control === PLAIN_WITH_RESET) {
        yield* this.#plain(control === PLAIN_WITH_RESET);
      } else {
        throw new BrokenLzma('a chunk of unknown kind');
      }
    }
  }

  async *#plain(reset: boolean): AsyncGenerator<Uint8Array> {
    this.#begin(reset);
    const [high = 0, low = 0] = await this.#take(2);
    const { window } = this.#decoder;
    const bytes = await this.#take(high * 256 + low + 1);
    for (const byte of bytes) window.put(byte);
    yield window.take();
    await breathe();
  }

  async *#coded(control: number): AsyncGenerator<Uint8Array> {
    const [high = 0, low = 0, packedHigh = 0, packedLow = 0] = await this.#take(4);
    const reset = (control >> 5) & 3;
    let left = (control & 0x1f) * 65_536 + high * 256 + low + 1;
    const packed = packedHigh * 256 + packedLow + 1;
    this.#begin(reset === RESET_DICTIONARY);
    if (reset >= NEW_PROPERTIES) this.#properties = chunkProperties((await this.#take(1))[0]);
    if (this.#properties === undefined) throw new BrokenLzma('a chunk without properties');
    const { range, window } = this.#decoder;
    if (reset >= RESET_STATE) this.#decoder.reset(this.#properties);
    range.feed(await this.#take(packed));
    range.begin();
    while (left > 0) {
      this.#decoder.run(Math.min(left, OUTPUT_BYTES), true);
      if (this.#decoder.ended) throw new BrokenLzma('an end marker inside a chunk');
      const bytes = window.take();
      left -= bytes.length;
      if (left < 0) throw new BrokenLzma('a chunk is longer than it says');
      yield bytes;
      await breathe();
    }
    if (range.left > 0 || !range.finished) throw new BrokenLzma('a chunk is shorter than it says');
  }

  /** The first chunk has to forget what was before it. */
  #begin(reset: boolean): void {
    if (reset) this.#decoder.window.reset();
    else if (!this.#begun) throw new BrokenLzma('the first chunk refers to one before it');
    this.#begun = true;
  }

  async #take(size: number): Promise<Uint8Array> {
    const bytes = await this.#input.take(size);
    if (bytes === undefined) throw new BrokenLzma('unexpected end');
    this.consumed += size;
    return bytes;
  }
}

function chunkProperties(byte = 0xff): Properties {
  const properties = parseProperties(byte);
  const bits = (properties?.literalContext ?? 0) + (properties?.literalPosition ?? 0);
  if (properties === undefined || bits > MOST_LITERAL_BITS) throw new BrokenLzma('bad properties');
  return properties;
}
