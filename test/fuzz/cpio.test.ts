/** The cpio reader answers or refuses any bytes, and what it answers is a tar archive that holds no more than they do. */

import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { TiffinError } from '../../src/base/errors.ts';
import { cpioAsTar } from '../../src/cli/image-folder/cpio.ts';
import { TarReader } from '../../src/store/tar/reader.ts';
import { generator, type Random } from './mutate.ts';

const RUNS = 4000;
const MAX_MS = 2000;

const SCRIPT = `set -e; d=$(mktemp -d); cd $d; mkdir a; echo text > a/f; ln a/f a/g; ln a/f a/h; ln -s f a/l; mkfifo a/p
mknod a/n c 1 3; head -c 700 /dev/zero > a/z; find . | cpio -o --quiet -H $0; cd /; rm -r $d`;
const SEEDS = ['newc', 'crc', 'odc'].map(
  (format) => spawnSync('sh', ['-c', SCRIPT, format]).stdout,
);
const PIECES = [
  '0',
  'f',
  'F',
  '7',
  ' ',
  '\0',
  '../',
  '/',
  '070701',
  '00000000',
  'ffffffff',
  'TRAILER!!!',
];

function mutate(seed: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(seed);
  for (let count = 1 + random(5); count > 0; count -= 1) {
    const at = random(bytes.length);
    const kind = random(8);
    if (kind === 0) bytes = bytes.subarray(0, at);
    else if (kind === 1)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(bytes.length))]);
    else bytes.write(PIECES[random(PIECES.length)] ?? '', at, 'latin1');
    if (bytes.length < 80) break;
  }
  return bytes;
}

async function* cut(bytes: Uint8Array, step: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

/** Bytes of content, read back from the tar archive. */
async function contentOf(bytes: Uint8Array, step: number): Promise<number> {
  const reader = new TarReader();
  let size = 0;
  for await (const piece of cpioAsTar(cut(bytes, step))) {
    for (const event of reader.push(piece)) if (event.kind === 'data') size += event.bytes.length;
  }
  reader.finish();
  return size;
}

test('cpioAsTar answers or refuses every archive, with a tar archive of no more than its content', async () => {
  expect(SEEDS.every((seed) => seed.length > 500)).toBe(true);
  const random = generator(57);
  let answered = 0;
  let refused = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const bytes = mutate(SEEDS[random(SEEDS.length)] ?? Buffer.alloc(0), random);
    const shown = bytes.toString('base64');
    const startMs = performance.now();
    try {
      expect(await contentOf(bytes, 1 + random(400))).toBeLessThanOrEqual(bytes.length);
      answered += 1;
    } catch (error) {
      const refusal =
        error instanceof TiffinError && ['invalid', 'unsupported'].includes(error.class);
      if (!refusal) throw new Error(`input: ${shown}`, { cause: error });
      refused += 1;
    }
    if (performance.now() - startMs > MAX_MS) throw new Error(`slow: ${shown}`);
  }
  expect(answered).toBeGreaterThan(RUNS / 50);
  expect(refused).toBeGreaterThan(RUNS / 10);
}, 120_000);
