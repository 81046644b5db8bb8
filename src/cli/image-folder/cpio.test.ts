/** cpio archives as GNU cpio writes them, and as nobody should, read as tar. */

import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { TarReader } from '../../store/tar/reader.ts';
import { chunks } from '../../store/testing/blob-store-contract.ts';
import { cpioAsTar } from './cpio.ts';

/** Each member as one line. */
async function members(bytes: Uint8Array, step = 1000): Promise<string[]> {
  const reader = new TarReader();
  const lines: string[] = [];
  for await (const piece of cpioAsTar(chunks(bytes, step))) {
    for (const event of reader.push(piece)) {
      if (event.kind === 'data') {
        lines[lines.length - 1] += Buffer.from(event.bytes).toString();
      } else {
        const { kind, path, mode, uid, link, major, minor } = event.entry;
        lines.push(`${kind} ${path} ${mode.toString(8)} ${uid} ${link}${major}:${minor} `);
      }
    }
  }
  reader.finish();
  return lines;
}

/** What `find . | cpio -o` makes of a directory that `fill` fills. */
function cpio(format: string, fill: (directory: string) => void): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-cpio-'));
  try {
    fill(directory);
    const script = `find . | LC_ALL=C sort | cpio -o --quiet -H ${format}`;
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { cwd: directory });
    if (status !== 0) throw new Error(stderr.toString());
    return stdout;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function fill(directory: string): void {
  mkdirSync(join(directory, 'd'), { mode: 0o755 });
  writeFileSync(join(directory, 'd/file'), 'content', { mode: 0o644 });
  writeFileSync(join(directory, 'one'), 'shared', { mode: 0o600 });
  linkSync(join(directory, 'one'), join(directory, 'two'));
  linkSync(join(directory, 'one'), join(directory, 'three'));
  symlinkSync('d/file', join(directory, 'link'));
  writeFileSync(join(directory, 'empty'), '', { mode: 0o755 });
}

test.each(['newc', 'crc', 'odc'])('cpioAsTar reads what cpio -H %s writes', async (format) => {
  const found = await members(cpio(format, fill));
  expect(found).toContain('file d/file 644 0 0:0 content');
  expect(found).toContain('directory d/ 755 0 0:0 ');
  expect(found).toContain('symlink link 777 0 d/file0:0 ');
  expect(found).toContain('file empty 755 0 0:0 ');
  const shared = found.filter((line) => / (?:one|two|three) /.test(line));
  expect(shared.filter((line) => line.endsWith(' shared'))).toHaveLength(1);
  expect(shared.filter((line) => line.startsWith('hardlink '))).toHaveLength(2);
});

test('cpioAsTar reads an archive in pieces of any size', async () => {
  const bytes = cpio('newc', fill);
  const whole = await members(bytes, bytes.length);
  for (const step of [1, 3, 110, 511]) expect(await members(bytes, step)).toEqual(whole);
});

interface Entry {
  name: string;
  mode?: number;
  content?: string;
  links?: number;
  inode?: number;
  rdev?: [number, number];
  /** Instead of what is right. */
  size?: number;
  nameSize?: number;
}

/** One entry of the format newc. */
function newc(entry: Entry): Buffer {
  const { name, content = '', mode = 0o100644, links = 1, inode = 1, rdev = [0, 0] } = entry;
  const fields = [inode, mode, 0, 0, links, 0, entry.size ?? content.length, 0, 0, ...rdev];
  fields.push(entry.nameSize ?? name.length + 1, 0);
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`;
  const padded = (text: string) => text + '\0'.repeat((4 - (text.length % 4)) % 4);
  return Buffer.from(padded(head) + padded(content), 'latin1');
}

const trailer = newc({ name: 'TRAILER!!!', mode: 0 });
const archive = (...entries: Entry[]) => Buffer.concat([...entries.map(newc), trailer]);

test('cpioAsTar reads devices, pipes and bits of rights, and passes over sockets', async () => {
  const bytes = archive(
    { name: 'null', mode: 0o020666, rdev: [1, 3] },
    { name: 'loop', mode: 0o060660, rdev: [7, 0] },
    { name: 'pipe', mode: 0o010600 },
    { name: 'socket', mode: 0o140600, content: 'x' },
    { name: 'su', mode: 0o104755 },
  );
  expect(await members(bytes)).toEqual([
    'character null 666 0 1:3 ',
    'block loop 660 0 7:0 ',
    'fifo pipe 600 0 0:0 ',
    'file su 4755 0 0:0 ',
  ]);
});

test('cpioAsTar makes an empty file of names whose content never comes', async () => {
  const bytes = archive({ name: 'a', links: 2 }, { name: 'b', links: 2 });
  expect(await members(bytes)).toEqual(['file a 644 0 0:0 ', 'hardlink b 644 0 a0:0 ']);
});

test('cpioAsTar reads archives one behind the other, each compressed or not, as the kernel does', async () => {
  const first = Buffer.concat([archive({ name: 'early', content: 'micro' }), Buffer.alloc(516)]);
  const second = gzipSync(archive({ name: 'init', content: 'code' }));
  expect(await members(Buffer.concat([first, second]))).toEqual([
    'file early 644 0 0:0 micro',
    'file init 644 0 0:0 code',
  ]);
  await expect(members(Buffer.concat([first, Buffer.from('rubbish')]))).rejects.toThrow(
    'no header',
  );
});

test.each([
  ['a name without end', newc({ name: 'name', nameSize: 4 })],
  ['a name with a zero inside', newc({ name: 'a\0b' })],
  ['a name of no length', newc({ name: '', nameSize: 0 })],
  ['an endless name', newc({ name: 'a', nameSize: 0xffffffff })],
  ['a link without target', newc({ name: 'a', mode: 0o120777 })],
  ['an endless link', newc({ name: 'a', mode: 0o120777, size: 0xfffffff0 })],
  ['content that is not there', newc({ name: 'a', size: 0xfffffff0 })],
  ['no trailer', newc({ name: 'a', content: 'b' })],
  [
    'a field that is no number',
    Buffer.from(archive({ name: 'a' }).toString().replace('0000', '-000')),
  ],
  ['nothing', Buffer.alloc(0)],
])('cpioAsTar refuses %s', async (_what, bytes) => {
  await expect(members(bytes)).rejects.toMatchObject({ class: 'invalid', code: 'bad-archive' });
});

test('cpioAsTar refuses content that does not add up to the sum of the format crc', async () => {
  const bytes = cpio('crc', (directory) => writeFileSync(join(directory, 'f'), 'content'));
  const at = bytes.indexOf('content');
  bytes[at] = 0x43;
  await expect(members(bytes)).rejects.toThrow('checksum mismatch');
});
