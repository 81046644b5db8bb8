/** The `.lzma` format of the LZMA SDK and of old initial RAM disks: thirteen bytes of header, then one coded stream. */

import { limits } from '../../base/limits.ts';
import { breathe } from '../breathe.ts';
import { ByteSource } from '../byte-source.ts';
import { BrokenLzma, brokenData } from './broken.ts';
import { LzmaDecoder, OUTPUT_BYTES, parseProperties } from './decoder.ts';
import { RANGE_HEAD } from './range-decoder.ts';

export const LZMA_HEADER = 13;

const SMALLEST_DICTIONARY = 4096;
/** No file of that size was ever made, so it tells rubbish from a header (as xz and file(1) do). */
const LARGEST_SIZE = 1n << 38n;
const UNKNOWN_SIZE = 0xffffffffffffffffn;
const CHUNK = 64 * 1024;
/** An end marker may follow content of known size. */
const MARKER_BYTES = 16;

interface Header {
  properties: NonNullable<ReturnType<typeof parseProperties>>;
  dictionary: number;
  /** Undefined: an end marker ends it. */
  size: number | undefined;
}

/** Whether a stream begins like a `.lzma` file, which has no magic: the three usual bytes and a size that can be. */
export function looksLikeLzma(head: Uint8Array): boolean {
  const header = head.length < LZMA_HEADER ? undefined : parseHeader(head);
  return header !== undefined && head[0] === 0x5d && isRound(header.dictionary);
}

/** The content. Throws `invalid` for anything but one whole file. */
export async function* decodeLzma(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = new ByteSource(source);
  try {
    yield* decode(input);
  } catch (error) {
    throw error instanceof BrokenLzma ? brokenData('lzma', error.message) : error;
  } finally {
    await input.close();
  }
}

async function* decode(input: ByteSource): AsyncGenerator<Uint8Array> {
  const header = parseHeader((await input.take(LZMA_HEADER)) ?? new Uint8Array(0));
  if (header === undefined) throw new BrokenLzma('no header');
  const head = await input.take(RANGE_HEAD);
  if (head === undefined) throw new BrokenLzma('unexpected end');
  const dictionary = Math.min(header.dictionary, limits.lzmaDictionaryBytes);
  const decoder = new LzmaDecoder(dictionary, header.properties);
  decoder.range.feed(head);
  decoder.range.begin();
  let left = header.size ?? Number.POSITIVE_INFINITY;
  let unread: Uint8Array = new Uint8Array(0);
  let last = false;
  while (left > 0 && !decoder.ended) {
    if (!last && unread.length < CHUNK) {
      const more = await input.some(CHUNK);
      last = more === undefined;
      if (more !== undefined) unread = unread.length === 0 ? more : Buffer.concat([unread, more]);
    }
    decoder.range.feed(unread);
    decoder.run(Math.min(left, OUTPUT_BYTES), last);
    unread = unread.subarray(decoder.range.at);
    const bytes = decoder.window.take();
    left -= bytes.length;
    if (left < 0) throw new BrokenLzma('it is longer than its header says');
    if (bytes.length > 0) yield bytes;
    await breathe();
  }
  if (decoder.ended && header.size !== undefined && left > 0)
    throw new BrokenLzma('unexpected end');
  await expectEnd(unread, input);
}

function parseHeader(head: Uint8Array): Header | undefined {
  const properties = parseProperties(head[0] ?? 0xff);
  if (properties === undefined || head.length < LZMA_HEADER) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, LZMA_HEADER);
  const size = view.getBigUint64(5, true);
  if (size !== UNKNOWN_SIZE && size >= LARGEST_SIZE) return undefined;
  const dictionary = Math.max(view.getUint32(1, true), SMALLEST_DICTIONARY);
  return { properties, dictionary, size: size === UNKNOWN_SIZE ? undefined : Number(size) };
}

/** 2^n or 2^n + 2^(n-1), as every encoder writes, and large enough for one that means it. */
function isRound(size: number): boolean {
  const exponent = Math.trunc(Math.log2(size));
  return size > SMALLEST_DICTIONARY && (size === 2 ** exponent || size === 1.5 * 2 ** exponent);
}

/** Padding may follow, as it does in images of boot disks. */
async function expectEnd(unread: Uint8Array, input: ByteSource): Promise<void> {
  let after = unread.length <= MARKER_BYTES ? new Uint8Array(0) : unread;
  for (;;) {
    if (after.some((byte) => byte !== 0)) throw new BrokenLzma('something else follows');
    const more = await input.some(CHUNK);
    if (more === undefined) return;
    after = more;
  }
}
