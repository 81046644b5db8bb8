import { expect, test } from 'bun:test';
import { gunzipSync } from 'node:zlib';
import { parallelGzip } from './parallel-gzip.ts';

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const content = Buffer.from(Array.from({ length: 300_000 }, (_, n) => `${n * 7919}\n`).join(''));

test('parallelGzip gives one gzip member that any reader takes, also of nothing and of several blocks', async () => {
  for (const size of [0, 1, 1024 * 1024, 1024 * 1024 + 1, content.length]) {
    const part = content.subarray(0, size);
    const zipped = await collect(parallelGzip(pieces(part, 100_000)));
    expect(gunzipSync(zipped).equals(part)).toBe(true);
    const program = Bun.spawnSync(['gzip', '-dc'], { stdin: zipped });
    expect(program.exitCode).toBe(0);
    expect(program.stdout.equals(part)).toBe(true);
  }
});

test('parallelGzip gives the same bytes however the input is cut', async () => {
  const whole = await collect(parallelGzip(pieces(content, content.length)));
  const cut = await collect(parallelGzip(pieces(content, 77_777)));
  expect(whole.equals(cut)).toBe(true);
  expect(whole.length).toBeLessThan(content.length / 2);
});

test('parallelGzip hands on what its source throws', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield content;
    throw new Error('the source broke');
  }
  expect(collect(parallelGzip(broken()))).rejects.toThrow('the source broke');
});
