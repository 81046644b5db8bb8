import { expect, test } from 'bun:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { limits } from '../base/limits.ts';
import { compressionOf, decompress, peek } from './compression.ts';
import { chunks } from './testing/blob-store-contract.ts';

const content = Buffer.from('layer content '.repeat(100_000));

async function whole(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

const bytesOf = (bytes: Uint8Array, step = 1000) => whole(decompress(chunks(bytes, step)));

test('decompress reads gzip, zstd and plain content, whatever the chunks', async () => {
  for (const bytes of [gzipSync(content), zstdCompressSync(content), content]) {
    for (const step of [7, 65536, bytes.length]) {
      if (step * 1_000_000 < bytes.length) continue;
      expect((await bytesOf(bytes, step)).equals(content)).toBe(true);
    }
  }
});

test('decompress reads concatenated gzip members and zstd frames as one', async () => {
  const halves = [content.subarray(0, 1000), content.subarray(1000)];
  for (const compress of [gzipSync, zstdCompressSync]) {
    const bytes = Buffer.concat(halves.map((half) => compress(half)));
    expect((await bytesOf(bytes)).equals(content)).toBe(true);
  }
});

test('decompress ignores padding after a gzip member', async () => {
  const bytes = Buffer.concat([gzipSync(content), Buffer.alloc(512)]);
  expect((await bytesOf(bytes)).equals(content)).toBe(true);
});

test('decompress refuses data that is cut short or damaged', async () => {
  for (const compress of [gzipSync, zstdCompressSync]) {
    const bytes = compress(content);
    await expect(bytesOf(bytes.subarray(0, bytes.length - 20))).rejects.toMatchObject({
      class: 'invalid',
      code: 'bad-compression',
    });
    const damaged = Buffer.from(bytes);
    damaged.fill(0xaa, bytes.length / 2, bytes.length / 2 + 20);
    await expect(bytesOf(damaged)).rejects.toMatchObject({ class: 'invalid' });
  }
});

test('decompress refuses something else after a zstd frame, and passes over a skippable one', async () => {
  const frame = zstdCompressSync(content);
  await expect(bytesOf(Buffer.concat([frame, Buffer.from('rubbish')]))).rejects.toThrow(
    'something else follows',
  );
  const skippable = Buffer.from([0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  for (const bytes of [
    [skippable, frame],
    [frame, skippable],
    [frame, skippable, frame],
  ]) {
    const expected = bytes.filter((part) => part === frame).map(() => content);
    expect((await bytesOf(Buffer.concat(bytes))).equals(Buffer.concat(expected))).toBe(true);
  }
});

test('decompress passes on the failure of its source', async () => {
  async function* dying(): AsyncGenerator<Uint8Array> {
    yield gzipSync(content).subarray(0, 500);
    throw new Error('the line went dead');
  }
  await expect(whole(decompress(dying()))).rejects.toThrow('the line went dead');
});

test('decompress closes its source when the reader stops early', async () => {
  let closed = false;
  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      const bytes = gzipSync(content);
      for (;;) yield bytes;
    } finally {
      closed = true;
    }
  }
  for await (const _chunk of decompress(watched())) break;
  await new Promise((resolve) => setImmediate(resolve));
  expect(closed).toBe(true);
});

test('compressionOf tells formats by their first bytes', () => {
  const xz = Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0);
  expect(compressionOf(xz)).toBe('xz');
  expect(compressionOf(gzipSync(content))).toBe('gzip');
  expect(compressionOf(zstdCompressSync(content))).toBe('zstd');
  expect(compressionOf(Buffer.from('BZh9'))).toBe('bzip2');
  expect(compressionOf(new Uint8Array(0))).toBe('none');
});

test('peek gives the head and leaves the stream whole', async () => {
  const { head, rest } = await peek(chunks(Buffer.from('abcdef'), 2), 3);
  expect(Buffer.from(head).toString()).toBe('abcd');
  expect((await whole(rest)).toString()).toBe('abcdef');
});

test('decompress stops a stream that grows past what any archive does (CVE-2017-14992)', async () => {
  const frame = zstdCompressSync(new Uint8Array(16 * 1024 * 1024));
  let sent = 0;
  async function* bomb() {
    for (;;) {
      sent += frame.length;
      yield frame;
    }
  }
  let grown = 0;
  const read = async () => {
    for await (const chunk of decompress(bomb())) grown += chunk.length;
  };
  await expect(read()).rejects.toMatchObject({ code: 'decompression-bomb' });
  expect(grown).toBeLessThanOrEqual(limits.decompressedFreeBytes + 16 * 1024 * 1024);
  expect(sent).toBeLessThan(4 * 1024 * 1024);
}, 60_000);
