/** Against the program itself. */

import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { decodeBzip2 } from './bzip2.ts';

async function pack(content: Uint8Array, level = 9): Promise<Buffer> {
  const program = Bun.spawn(['bzip2', `-${level}`, '-c'], { stdin: content, stdout: 'pipe' });
  return Buffer.from(await new Response(program.stdout).arrayBuffer());
}

async function unpack(packed: Uint8Array, step = 4096): Promise<Buffer> {
  async function* pieces() {
    for (let at = 0; at < packed.length; at += step) yield packed.subarray(at, at + step);
  }
  const parts: Uint8Array[] = [];
  for await (const part of decodeBzip2(pieces())) parts.push(part);
  return Buffer.concat(parts);
}

const text = Buffer.from('soup, rice, beans and a carrot; '.repeat(40_000));

test.each([
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('a')],
  [
    'runs of every length',
    Buffer.concat(Array.from({ length: 600 }, (_, n) => Buffer.alloc(n, n))),
  ],
  ['zeros', Buffer.alloc(3_000_000)],
  ['text of several blocks', text],
  ['random bytes of several blocks', randomBytes(2_000_000)],
] as const)('decodeBzip2 gives back %s', async (_name, content) => {
  for (const level of [1, 9]) {
    expect((await unpack(await pack(content, level))).equals(content)).toBe(true);
  }
});

test('decodeBzip2 reads streams that stand one after the other, a byte at a time', async () => {
  const packed = Buffer.concat([await pack(Buffer.from('one')), await pack(Buffer.from('two'))]);
  expect((await unpack(packed, 1)).toString()).toBe('onetwo');
});

test('decodeBzip2 refuses data that is cut, changed, or followed by something else', async () => {
  const packed = await pack(randomBytes(5000));
  for (const length of [3, 4, 20, packed.length - 1]) {
    await expect(unpack(packed.subarray(0, length))).rejects.toThrow(
      'broken bzip2 data: it ends too early',
    );
  }
  await expect(unpack(Buffer.concat([packed, Buffer.from('more')]))).rejects.toThrow(
    'no stream header',
  );
  const broken = 'broken bzip2 data';
  for (let at = 4; at < packed.length; at += 97) {
    const changed = Buffer.from(packed);
    changed[at] = (changed[at] ?? 0) ^ 0x55;
    await expect(unpack(changed)).rejects.toThrow(broken);
  }
});

test('decodeBzip2 lets others go first between two pieces', async () => {
  let turns = 0;
  const count = setInterval(() => {
    turns += 1;
  }, 0);
  const packed = await pack(Buffer.alloc(20_000_000));
  turns = 0;
  expect((await unpack(packed)).length).toBe(20_000_000);
  clearInterval(count);
  expect(turns).toBeGreaterThan(10);
});
