/** `.lzma` and `.xz` as the xz program writes them, in all its ways, and as nobody should. */

import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { decompress } from '../compression.ts';
import { chunks } from '../testing/blob-store-contract.ts';
import { looksLikeLzma } from './alone.ts';

const text = Buffer.from('what repeats, and what does not: '.repeat(3000));
/** Not compressible, so that xz stores parts of it plain. */
const noise = Buffer.from(
  Array.from({ length: 2500 }, (_, at) =>
    new Bun.CryptoHasher('sha256').update(`${at}`).digest('hex'),
  ).join(''),
  'hex',
);
/** Machine code: matches at all distances. */
const program = readFileSync('/bin/busybox').subarray(0, 150_000);
const contents = [
  text,
  noise,
  Buffer.concat([text, noise, text]),
  Buffer.alloc(300_000),
  Buffer.alloc(1),
];

function xz(content: Uint8Array, ...options: string[]): Buffer {
  const { status, stdout, stderr } = spawnSync('xz', ['-c', ...options], {
    input: content,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(stderr.toString());
  return stdout;
}

async function decoded(bytes: Uint8Array, step = 5000): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of decompress(chunks(bytes, step))) parts.push(part);
  return Buffer.concat(parts);
}

test.each([
  '--check=none',
  '--check=crc32 -0',
  '--check=crc64 -9',
  '--check=sha256',
  '--block-size=20000',
  '--lzma2=lc=0,lp=4,pb=0',
  '--lzma2=lc=4,lp=0,pb=4,dict=4096',
  '--format=lzma',
  '--format=lzma -0',
  '--format=lzma --lzma1=dict=64KiB',
])('decompress reads what xz %s writes', async (options) => {
  for (const content of [...contents, program]) {
    const bytes = xz(content, ...options.split(' '));
    const back = await decoded(bytes, 65_536);
    expect(back.length).toBe(content.length);
    expect(back.equals(content)).toBe(true);
  }
});

test('decompress reads xz and lzma in pieces of any size', async () => {
  const content = Buffer.concat([text, noise.subarray(0, 5000)]);
  for (const options of [['--check=crc64'], ['--format=lzma']]) {
    const bytes = xz(content, ...options);
    for (const step of [1, 7, 13, 1000]) {
      expect((await decoded(bytes, step)).equals(content)).toBe(true);
    }
  }
});

test('decompress reads concatenated xz streams with padding between them as one', async () => {
  const bytes = Buffer.concat([xz(text), Buffer.alloc(8), xz(noise), Buffer.alloc(4)]);
  expect((await decoded(bytes)).equals(Buffer.concat([text, noise]))).toBe(true);
  await expect(decoded(Buffer.concat([xz(text), Buffer.alloc(3)]))).rejects.toThrow('padding');
  await expect(decoded(Buffer.concat([xz(text), Buffer.from('more')]))).rejects.toThrow(
    'broken xz',
  );
});

test('decompress reads an lzma file of known size, and one with padding behind it', async () => {
  const bytes = Buffer.from(xz(text, '--format=lzma'));
  expect((await decoded(Buffer.concat([bytes, Buffer.alloc(600)]))).equals(text)).toBe(true);
  bytes.writeBigUInt64LE(BigInt(text.length), 5);
  expect((await decoded(bytes)).equals(text)).toBe(true);
  bytes.writeBigUInt64LE(BigInt(text.length + 1), 5);
  await expect(decoded(bytes)).rejects.toThrow('unexpected end');
  const followed = Buffer.concat([xz(text, '--format=lzma'), Buffer.alloc(40, 1)]);
  await expect(decoded(followed)).rejects.toThrow('something else follows');
});

test('decompress refuses xz and lzma data that is cut short, wherever', async () => {
  for (const options of [['--check=crc64'], ['--format=lzma']]) {
    const bytes = xz(text, ...options);
    for (let length = 13; length < bytes.length; length += 1) {
      await expect(decoded(bytes.subarray(0, length))).rejects.toMatchObject({
        code: 'bad-compression',
      });
    }
  }
});

test('decompress refuses an xz stream with any one bit of it changed', async () => {
  const bytes = xz(text, '--check=sha256');
  for (let bit = 48; bit < bytes.length * 8; bit += 5) {
    const changed = Buffer.from(bytes);
    const at = Math.trunc(bit / 8);
    changed[at] = (changed[at] ?? 0) ^ (1 << (bit % 8));
    await expect(decoded(changed)).rejects.toMatchObject({ name: 'TiffinError' });
  }
});

test('decompress says which xz archives it does not read', async () => {
  await expect(decoded(xz(text, '--x86', '--lzma2'))).rejects.toMatchObject({
    class: 'unsupported',
    code: 'unknown-compression',
  });
});

test('decompress takes memory by the content, not by the dictionary that a header claims', async () => {
  const bytes = Buffer.from(xz(text, '--format=lzma'));
  bytes.writeUInt32LE(0x80000000, 1);
  const before = process.memoryUsage.rss();
  expect((await decoded(bytes)).equals(text)).toBe(true);
  expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024);
});

test('looksLikeLzma tells a header from a tar archive, from text and from nothing', () => {
  expect(looksLikeLzma(xz(text, '--format=lzma'))).toBe(true);
  const tar = Buffer.alloc(512);
  tar.write(']');
  for (const other of [tar, Buffer.from(']]]]]]]]]]]]]]]'), Buffer.alloc(0), Buffer.alloc(13)]) {
    expect(looksLikeLzma(other)).toBe(false);
  }
});
