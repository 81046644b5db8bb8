/** Streams that may be compressed: recognised by their first bytes, never by what a media type claims. */

import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { errnoName, errorMessage, TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { decodeBzip2 } from './bzip2/bzip2.ts';
import { decodeLzma, LZMA_HEADER, looksLikeLzma } from './lzma/alone.ts';
import { decodeXz } from './lzma/xz.ts';
import { ZstdFrames } from './zstd-frames.ts';

/** What a layer may be stored as. */
export type LayerCompression = 'none' | 'gzip' | 'zstd';

export type Compression = LayerCompression | 'xz' | 'lzma' | 'bzip2';

/** Large pieces: each one costs a trip to a worker thread and back. */
const CHUNK = 128 * 1024;
/** Bytes that tell. */
export const COMPRESSION_HEAD = LZMA_HEADER;

const MAGICS: readonly { bytes: readonly number[]; name: Compression }[] = [
  { bytes: [0x1f, 0x8b, 0x08], name: 'gzip' },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd' },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], name: 'xz' },
  { bytes: [0x42, 0x5a, 0x68], name: 'bzip2' },
];

/** What the first bytes say. */
export function compressionOf(head: Uint8Array): Compression {
  const name = MAGICS.find(({ bytes }) => bytes.every((byte, at) => head[at] === byte))?.name;
  if (name !== undefined) return name;
  if (isZstdSkippable(head)) return 'zstd';
  return looksLikeLzma(head) ? 'lzma' : 'none';
}

/** Whether what has this compression can be a layer as it is. */
export function isLayerCompression(compression: Compression): compression is LayerCompression {
  return compression === 'none' || compression === 'gzip' || compression === 'zstd';
}

/**
 * The uncompressed content. Concatenated gzip members, zstd frames and xz streams read as one. Everything is decoded in this process: a
 * decoder that is looked up would be looked up somewhere (CVE-2026-41567). Throws `invalid` for broken data and for a stream that grows
 * past what any honest archive does.
 */
export async function* decompress(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { head, rest } = await peek(source, COMPRESSION_HEAD);
  const compression = compressionOf(head);
  if (compression === 'none') {
    yield* rest;
    return;
  }
  const count = { input: 0, output: 0 };
  for await (const chunk of DECODERS[compression](counted(rest, count))) {
    count.output += chunk.length;
    checkGrowth(count);
    yield chunk;
  }
}

type Decoder = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

const DECODERS: Readonly<Record<Exclude<Compression, 'none'>, Decoder>> = {
  gzip: (source) => through(createGunzip({ chunkSize: CHUNK }), source, 'gzip'),
  zstd: (source) =>
    through(createZstdDecompress({ chunkSize: CHUNK }), wholeFrames(source), 'zstd'),
  xz: decodeXz,
  lzma: decodeLzma,
  bzip2: decodeBzip2,
};

async function* through(
  transform: Transform,
  source: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<Uint8Array> {
  const fed = feed(source, transform);
  try {
    yield* transform;
  } catch (error) {
    throw broken(error, compression);
  } finally {
    transform.destroy();
    await fed;
  }
}

/** Never throws: a failure of the source destroys the transform with it, so that its reader throws it. */
async function feed(source: AsyncIterable<Uint8Array>, transform: Transform): Promise<void> {
  // Of a transform that the reader gave up; the reader has the error.
  transform.on('error', () => undefined);
  try {
    for await (const chunk of source) {
      if (transform.destroyed) return;
      if (!transform.write(chunk)) await drained(transform);
    }
    transform.end();
  } catch (error) {
    transform.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Also resolves when the stream ends, as it may before its input: after the last member only padding can follow. */
function drained(transform: Transform): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const events = ['drain', 'close', 'end'];
  for (const event of events) transform.once(event, resolve);
  return promise.finally(() => {
    for (const event of events) transform.off(event, resolve);
  });
}

/** The first `size` bytes (fewer at the end of the stream), and a stream that still begins with them. */
export async function peek(
  source: AsyncIterable<Uint8Array>,
  size: number,
): Promise<{ head: Uint8Array; rest: AsyncGenerator<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length < size) {
    const next = await iterator.next();
    if (next.done) break;
    parts.push(next.value);
    length += next.value.length;
  }
  const head = parts.length === 1 ? parts[0] : undefined;
  return { head: head ?? Buffer.concat(parts), rest: resume(parts, iterator) };
}

async function* resume(
  parts: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for (const part of parts) yield part;
    for (;;) {
      const next = await iterator.next();
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  count: { input: number },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    count.input += chunk.length;
    yield chunk;
  }
}

/** Throws at the end of a stream that is cut short. */
async function* wholeFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames();
  for await (const chunk of source) {
    frames.push(chunk);
    yield chunk;
  }
  if (!frames.complete) {
    throw new TiffinError('invalid', 'bad-compression', 'broken zstd data: unexpected end');
  }
}

/** Small content may grow as it likes; beyond that the ratio tells a bomb from data. */
function checkGrowth(count: { input: number; output: number }): void {
  if (count.output <= limits.decompressedFreeBytes) return;
  const allowed = Math.min(limits.decompressedBytes, count.input * limits.decompressedRatio);
  if (count.output > allowed) {
    throw new TiffinError(
      'invalid',
      'decompression-bomb',
      `compressed content of ${count.input} bytes grows past ${Math.round(allowed)} bytes`,
    );
  }
}

/** Only what the decoder itself says is about the data; anything else failed in the source. */
function broken(error: unknown, compression: Compression): unknown {
  const code = errnoName(error) ?? '';
  if (!code.startsWith('Z_') && !code.startsWith('ZSTD_')) return error;
  return new TiffinError(
    'invalid',
    'bad-compression',
    `broken ${compression} data: ${errorMessage(error)}`,
    { cause: error },
  );
}

/** A zstd file may begin with a skippable frame: 0x184D2A50 to 0x184D2A5F, little endian (RFC 8878 section 3.1.2). */
function isZstdSkippable(head: Uint8Array): boolean {
  return (
    ((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18
  );
}
