/** Streams that may be compressed: recognised by their first bytes, never by what a media type claims. */

import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { errorMessage, TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** Large pieces: each one costs a trip to a worker thread and back. */
const CHUNK = 512 * 1024;
const MAGIC_BYTES = 6;

const MAGICS: readonly { bytes: readonly number[]; name: Compression | 'xz' | 'bzip2' }[] = [
  { bytes: [0x1f, 0x8b, 0x08], name: 'gzip' },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd' },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], name: 'xz' },
  { bytes: [0x42, 0x5a, 0x68], name: 'bzip2' },
];

/** What the first bytes say. Throws `unsupported` for xz and bzip2. */
export function compressionOf(head: Uint8Array): Compression {
  const found = MAGICS.find(({ bytes }) => bytes.every((byte, at) => head[at] === byte));
  const name = found?.name ?? (isZstdSkippable(head) ? 'zstd' : 'none');
  if (name === 'xz' || name === 'bzip2') {
    throw new TiffinError(
      'unsupported',
      'unknown-compression',
      `${name} archives are not supported`,
      {
        hint: `unpack it first, for example: ${name} -dc archive | tiffin import -`,
      },
    );
  }
  return name;
}

/**
 * The uncompressed content. Concatenated gzip members and zstd frames read as one. Throws `invalid` for broken data and for
 * a stream that grows past what any honest archive does.
 */
export async function* decompress(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { head, rest } = await peek(source, MAGIC_BYTES);
  const compression = compressionOf(head);
  if (compression === 'none') {
    yield* rest;
    return;
  }
  const count = { input: 0, output: 0 };
  const transform: Transform =
    compression === 'gzip'
      ? createGunzip({ chunkSize: CHUNK })
      : createZstdDecompress({ chunkSize: CHUNK });
  // A failure of either side destroys the transform, so that the loop below throws it; here it must only not go unhandled.
  const feeding = pipeline(Readable.from(counted(rest, count), { objectMode: true }), transform);
  feeding.catch(() => undefined);
  try {
    for await (const chunk of transform) {
      count.output += chunk.length;
      checkGrowth(count);
      yield chunk;
    }
    await feeding;
  } catch (error) {
    throw broken(error, compression);
  } finally {
    transform.destroy();
  }
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

function broken(error: unknown, compression: Compression): unknown {
  if (error instanceof TiffinError) return error;
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
