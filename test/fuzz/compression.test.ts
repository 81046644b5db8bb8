/** The decoders of xz and lzma answer or refuse any bytes, soon, and give no more than the bytes can hold. */

import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { crc32 } from 'node:zlib';
import { TiffinError } from '../../src/base/errors.ts';
import { decompress } from '../../src/store/compression.ts';
import { generator, type Random } from './mutate.ts';

const RUNS = 3000;
const MAX_MS = 2000;
/** LZMA gives at most this much per byte. */
const MAX_RATIO = 10_000;

const CONTENTS = ['short', 'a row of words, '.repeat(200), `${'\0'.repeat(5000)}end`];
const FORMATS = [['--check=crc32'], ['--check=none'], ['--format=lzma'], ['--block-size=900']];
const SEEDS = FORMATS.flatMap((options) =>
  CONTENTS.map((input) => spawnSync('xz', ['-c', ...options], { input }).stdout),
);

/** Bytes changed, cut or repeated; sums made right again in half of the cases, since otherwise nothing behind a header would be reached. */
function mutate(seed: Uint8Array, random: Random): Buffer {
  let bytes = Buffer.from(seed);
  for (let count = 1 + random(4); count > 0; count -= 1) {
    const at = random(bytes.length);
    const kind = random(6);
    if (kind === 0) bytes = bytes.subarray(0, at);
    else if (kind === 1)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(bytes.length))]);
    else bytes[at] = kind === 2 ? 0xff : random(256);
    if (bytes.length < 20) break;
  }
  if (random(2) === 0) repairHeaders(bytes);
  return bytes;
}

function repairHeaders(bytes: Buffer): void {
  if (bytes.length < 40 || bytes[0] !== 0xfd) return;
  bytes.writeUInt32LE(crc32(bytes.subarray(6, 8)), 8);
  const end = 12 + ((bytes[12] ?? 0) + 1) * 4;
  if (end <= bytes.length) bytes.writeUInt32LE(crc32(bytes.subarray(12, end - 4)), end - 4);
}

async function* cut(bytes: Uint8Array, step: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

test('decompress answers or refuses every xz and lzma stream, in time and in proportion', async () => {
  expect(SEEDS.every((seed) => seed.length > 20)).toBe(true);
  const random = generator(33);
  let answered = 0;
  let refused = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const bytes = mutate(SEEDS[random(SEEDS.length)] ?? new Uint8Array(), random);
    const shown = bytes.toString('base64');
    const startMs = performance.now();
    let size = 0;
    try {
      for await (const chunk of decompress(cut(bytes, 1 + random(300)))) size += chunk.length;
      answered += 1;
    } catch (error) {
      if (!(error instanceof TiffinError)) throw new Error(`input: ${shown}`, { cause: error });
      refused += 1;
    }
    if (size > bytes.length * MAX_RATIO) throw new Error(`grows to ${size}: ${shown}`);
    if (performance.now() - startMs > MAX_MS) throw new Error(`slow: ${shown}`);
  }
  expect(answered).toBeGreaterThan(RUNS / 50);
  expect(refused).toBeGreaterThan(RUNS / 10);
}, 120_000);
