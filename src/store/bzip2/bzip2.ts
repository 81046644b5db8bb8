/** The bzip2 format: streams of blocks, each with a checksum. It has no specification; this is what bzip2 1.0.8 writes. */

import { TiffinError } from '../../base/errors.ts';
import { breathe } from '../breathe.ts';
import { BitReader, OutOfBits } from './bits.ts';
import { type Block, readBlock } from './block.ts';
import { BrokenBzip2 } from './broken.ts';

const HUNDRED_KB = 100_000;
const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
/** No block takes more room: 900,000 symbols of 20 bits, and its codes. */
const ENOUGH = 2_500_000;
const PIECE = 128 * 1024;
/** Four alike are followed by how many more there are. */
const RUN = 4;

/** The content. Throws `invalid` for anything but whole streams. */
export async function* decodeBzip2(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = new Decoder();
  try {
    for await (const chunk of source) {
      decoder.add(chunk);
      while (decoder.waiting >= ENOUGH) yield* slowly(decoder.next());
    }
    while (decoder.waiting > 0) yield* slowly(decoder.next());
    decoder.finish();
  } catch (error) {
    const cut = error instanceof OutOfBits;
    if (!cut && !(error instanceof BrokenBzip2)) throw error;
    const reason = cut ? 'it ends too early' : error.message;
    throw new TiffinError('invalid', 'bad-compression', `broken bzip2 data: ${reason}`);
  }
}

async function* slowly(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    yield piece;
    await breathe();
  }
}

class Decoder {
  #bytes: Uint8Array = new Uint8Array(0);
  #parts: Uint8Array[] = [];
  #added = 0;
  /** Bits of the first byte that are read already. */
  #skip = 0;
  /** Largest block of the stream; 0 between streams. */
  #most = 0;
  #sum = 0;
  /** Where blocks are put together: small ones that follow each other must not take the room of large ones each. */
  #room: Uint8Array = new Uint8Array(0);

  add(chunk: Uint8Array): void {
    this.#parts.push(chunk);
    this.#added += chunk.length;
  }

  get waiting(): number {
    return this.#bytes.length + this.#added;
  }

  finish(): void {
    if (this.#most !== 0) throw new OutOfBits();
  }

  /** One header, block or end. */
  *next(): Generator<Uint8Array> {
    this.#gather();
    const bits = new BitReader(this.#bytes);
    bits.skip(this.#skip);
    if (this.#most === 0) {
      this.#most = readHeader(bits);
      if (this.#room.length < this.#most) this.#room = new Uint8Array(this.#most);
      this.#sum = 0;
      return this.#drop(bits.position);
    }
    const magic = bits.readLong(48);
    if (magic === END_MAGIC) {
      if (bits.readLong(32) !== this.#sum) throw new BrokenBzip2('a checksum is wrong');
      this.#most = 0;
      return this.#drop(Math.ceil(bits.position / 8) * 8);
    }
    if (magic !== BLOCK_MAGIC) throw new BrokenBzip2('neither a block nor an end');
    const block = readBlock(bits, this.#room.subarray(0, this.#most));
    this.#drop(bits.position);
    this.#sum = (((this.#sum << 1) | (this.#sum >>> 31)) ^ block.sum) >>> 0;
    yield* content(block);
  }

  #gather(): void {
    if (this.#parts.length === 0) return;
    this.#bytes = Buffer.concat([this.#bytes, ...this.#parts]);
    this.#parts = [];
    this.#added = 0;
  }

  #drop(bits: number): void {
    this.#bytes = this.#bytes.subarray(Math.floor(bits / 8));
    this.#skip = bits % 8;
  }
}

/** `BZh1` to `BZh9`: bytes of a block. */
function readHeader(bits: BitReader): number {
  const [b, z, h, level] = [bits.read(8), bits.read(8), bits.read(8), bits.read(8) - 0x30];
  if (b !== 0x42 || z !== 0x5a || h !== 0x68 || level < 1 || level > 9) {
    throw new BrokenBzip2('no stream header');
  }
  return level * HUNDRED_KB;
}

function* content({ chain, start, sum }: Block): Generator<Uint8Array> {
  let out = new Uint8Array(PIECE);
  let length = 0;
  let check = 0xffffffff;
  let place = start;
  let alike = 0;
  let before = -1;
  for (let read = 0; read < chain.length; read += 1) {
    const entry = chain[place] ?? 0;
    place = entry >>> 8;
    const value = entry & 0xff;
    const isCount = alike === RUN;
    const byte = isCount ? before : value;
    const times = isCount ? value : 1;
    for (let time = 0; time < times; time += 1) {
      if (length === PIECE) {
        yield out;
        out = new Uint8Array(PIECE);
        length = 0;
      }
      out[length] = byte;
      length += 1;
      check = ((check << 8) ^ (TABLE[((check >>> 24) ^ byte) & 0xff] ?? 0)) >>> 0;
    }
    if (isCount) {
      alike = 0;
      before = -1;
    } else {
      alike = value === before ? alike + 1 : 1;
      before = value;
    }
  }
  if (length > 0) yield out.subarray(0, length);
  if ((check ^ 0xffffffff) >>> 0 !== sum) throw new BrokenBzip2('a checksum is wrong');
}

/** CRC-32 with the most significant bit first. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = (byte << 24) >>> 0;
  for (let bit = 0; bit < 8; bit += 1) {
    value = ((value << 1) ^ (value >>> 31 === 1 ? 0x04c11db7 : 0)) >>> 0;
  }
  return value;
});
