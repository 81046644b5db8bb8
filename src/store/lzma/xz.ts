/** The `.xz` format (xz's `doc/xz-file-format.txt`): streams of blocks of LZMA2, each block with its check, then an index of them. */

import { crc32 } from 'node:zlib';
import { TiffinError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { ByteSource } from '../byte-source.ts';
import { BrokenLzma, brokenData } from './broken.ts';
import { type Check, checks } from './checks.ts';
import { Lzma2Decoder } from './lzma2.ts';
import { FieldReader, readNumber } from './xz-fields.ts';
import { XzIndex } from './xz-index.ts';

const HEADER = 12;
const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const FOOTER_MAGIC = [0x59, 0x5a];
const LZMA2 = 0x21;
const PADDING = 4;

/** The content. Throws `invalid` for anything but whole streams, `unsupported` for filters other than LZMA2. */
export async function* decodeXz(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = new ByteSource(source);
  try {
    do {
      yield* decodeStream(input);
      // Between streams, in fours.
      if ((await input.skipZeros()) % PADDING !== 0) {
        throw new BrokenLzma('bad padding between streams');
      }
    } while (!(await input.atEnd()));
  } catch (error) {
    throw error instanceof BrokenLzma ? brokenData('xz', error.message) : error;
  } finally {
    await input.close();
  }
}

async function* decodeStream(input: ByteSource): AsyncGenerator<Uint8Array> {
  const flags = streamFlags(await take(input, HEADER));
  const check = checks.get((flags[1] ?? 0) & 0x0f);
  if (flags[0] !== 0 || (flags[1] ?? 0) > 0x0f || check === undefined) {
    throw new BrokenLzma('unknown stream flags');
  }
  const index = new XzIndex();
  for (;;) {
    const [size = 0] = await take(input, 1);
    if (size === 0) break;
    yield* decodeBlock(input, size, check, index);
  }
  const indexSize = await index.read(input);
  checkFooter(await take(input, HEADER), flags, indexSize);
}

/** Flags of a header; its own sum is checked. */
function streamFlags(header: Uint8Array): Uint8Array {
  if (MAGIC.some((byte, at) => header[at] !== byte)) throw new BrokenLzma('no stream header');
  const flags = header.subarray(6, 8);
  checkSum(flags, header.subarray(8));
  return flags;
}

async function* decodeBlock(
  input: ByteSource,
  sizeByte: number,
  check: Check,
  index: XzIndex,
): AsyncGenerator<Uint8Array> {
  const headerSize = (sizeByte + 1) * 4;
  const rest = await take(input, headerSize - 1);
  const header = Buffer.concat([Uint8Array.of(sizeByte), rest]);
  checkSum(header.subarray(0, -4), header.subarray(-4));
  const block = parseBlockHeader(header.subarray(1, -4));
  const decoder = new Lzma2Decoder(input, Math.min(block.dictionary, limits.lzmaDictionaryBytes));
  const running = check.begin();
  let size = 0;
  for await (const bytes of decoder.decode()) {
    running.update(bytes);
    size += bytes.length;
    yield bytes;
  }
  if ((block.packed ?? decoder.consumed) !== decoder.consumed || (block.size ?? size) !== size) {
    throw new BrokenLzma('a block is not as long as its header says');
  }
  expectZeros(await take(input, (PADDING - (decoder.consumed % PADDING)) % PADDING));
  const found = await take(input, check.size);
  if (Buffer.compare(found, running.finish()) !== 0) throw new BrokenLzma('checksum mismatch');
  index.add(headerSize + decoder.consumed + check.size, size);
}

interface BlockHeader {
  packed: number | undefined;
  size: number | undefined;
  dictionary: number;
}

function parseBlockHeader(bytes: Uint8Array): BlockHeader {
  const fields = new FieldReader(bytes);
  const flags = fields.byte();
  if ((flags & 0x3c) !== 0) throw new BrokenLzma('unknown block flags');
  const packed = (flags & 0x40) === 0 ? undefined : fields.number();
  const size = (flags & 0x80) === 0 ? undefined : fields.number();
  const filter = fields.number();
  if ((flags & 3) !== 0 || filter !== LZMA2) {
    const message = 'this xz archive uses a filter besides LZMA2, which is not supported';
    const hint = 'unpack it first: xz -dc archive';
    throw new TiffinError('unsupported', 'unknown-compression', message, { hint });
  }
  if (fields.number() !== 1) throw new BrokenLzma('bad filter flags');
  const dictionary = dictionarySize(fields.byte());
  expectZeros(fields.rest());
  return { packed, size, dictionary };
}

/** Section 5.3.1. */
function dictionarySize(bits: number): number {
  if (bits > 40) throw new BrokenLzma('bad dictionary size');
  return bits === 40 ? 0xffffffff : (2 + (bits & 1)) * 2 ** (Math.trunc(bits / 2) + 11);
}

function checkFooter(footer: Uint8Array, flags: Uint8Array, indexSize: number): void {
  checkSum(footer.subarray(4, 10), footer.subarray(0, 4));
  const backward = (readNumber(footer, 4) + 1) * 4;
  const same = footer[8] === flags[0] && footer[9] === flags[1];
  const magic = FOOTER_MAGIC.every((byte, at) => footer[10 + at] === byte);
  if (!same || !magic || backward !== indexSize) throw new BrokenLzma('bad footer');
}

function checkSum(bytes: Uint8Array, sum: Uint8Array): void {
  if (crc32(bytes) !== readNumber(sum, 0)) throw new BrokenLzma('checksum mismatch in a header');
}

function expectZeros(bytes: Uint8Array): void {
  if (bytes.some((byte) => byte !== 0)) throw new BrokenLzma('padding that is not zero');
}

async function take(input: ByteSource, size: number): Promise<Uint8Array> {
  const bytes = await input.take(size);
  if (bytes === undefined) throw new BrokenLzma('unexpected end');
  return bytes;
}
