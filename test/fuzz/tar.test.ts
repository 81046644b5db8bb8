/** The tar reader and what stands behind it: total, independent of how the bytes are cut, and never out of the file or the root. */

import { expect, test } from 'bun:test';
import { TiffinError } from '../../src/base/errors.ts';
import { limits } from '../../src/base/limits.ts';
import { memberPath } from '../../src/store/tar/member-path.ts';
import { TarReader } from '../../src/store/tar/reader.ts';
import {
  archive,
  members,
  padded,
  paxText,
  rawHeader,
  rawMember,
} from '../../src/store/testing/tar-bytes.ts';
import { answers, generator, type Random } from './mutate.ts';

const RUNS = 6000;

const isRefusal = (error: unknown): boolean =>
  error instanceof TiffinError && error.class === 'invalid';

const sparse10 = paxText({
  'GNU.sparse.major': '1',
  'GNU.sparse.minor': '0',
  'GNU.sparse.name': 's',
  'GNU.sparse.realsize': '100000',
});
const SEEDS = [
  members([
    { path: 'a/', kind: 'directory', mode: 0o1777 },
    { path: 'a/b', content: 'hello'.repeat(300), mode: 0o4755 },
    { path: 'a/l', kind: 'symlink', link: '../../etc' },
    { path: 'a/h', kind: 'hardlink', link: 'a/b' },
    { path: 'a/d', kind: 'character', major: 1, minor: 3 },
    { path: 'a/.wh.b' },
    { path: 'x'.repeat(300), content: 'y', uid: 3_000_000, mtimeNs: 12345n },
  ]),
  archive(
    rawMember('g', 'g', paxText({ mtime: '1.5', path: 'all' })),
    rawMember('x', 'x', paxText({ path: 'p', size: '5', 'SCHILY.xattr.user.a': 'b' })),
    rawHeader({ name: 'short' }),
    padded('12345'),
    rawMember('L', 'L', 'long name\0'),
    rawMember('0', 'n', 'text'),
    rawMember('K', 'K', 'link target\0'),
    rawHeader({ name: 's', type: '2' }),
  ),
  archive(
    rawMember('x', 'x', sparse10),
    rawMember('0', 'n', Buffer.concat([padded('2\n0\n512\n99488\n512\n'), Buffer.alloc(1024, 1)])),
    rawMember('x', 'x', paxText({ 'GNU.sparse.map': '0,5,100,4', 'GNU.sparse.size': '200' })),
    rawMember('0', 'm', '123456789'),
  ),
  archive(
    rawMember('7', 'f', 'x'),
    rawMember('V', 'label', ''),
    rawHeader({ type: '6', name: 'f' }),
  ),
];
/** What numbers, names and records are broken with. */
const PIECES = [
  '\0',
  '/',
  '../',
  '7777777',
  ' ',
  '-',
  '\x80\xff\xff\xff\xff',
  '99',
  '=',
  '\n',
  '.wh.',
];

/** Fields changed with the checksum made right again, since otherwise every archive would be refused at the first block. */
function mutate(seed: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(seed);
  for (let count = 1 + random(4); count > 0; count -= 1) {
    const blocks = Math.floor(bytes.length / 512);
    const at = random(blocks) * 512;
    const kind = random(5);
    if (kind === 0)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(blocks) * 512)]);
    else if (kind === 1) bytes = bytes.subarray(0, random(bytes.length));
    else {
      const piece = Buffer.from(PIECES[random(PIECES.length)] ?? '', 'latin1');
      bytes.set(piece, Math.min(at + random(512), bytes.length - piece.length));
      repair(bytes.subarray(at, at + 512));
    }
    if (bytes.length < 1024) break;
  }
  return bytes;
}

function repair(block: Uint8Array): void {
  if (block.length < 512) return;
  block.fill(32, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
}

/** What was read as text, cut into pieces of `step` bytes; checks every event on the way. */
function digestOf(bytes: Uint8Array, step: number): string {
  const reader = new TarReader();
  const lines: string[] = [];
  let size = 0;
  let text = '';
  for (let at = 0; at < bytes.length; at += step) {
    for (const event of reader.push(bytes.slice(at, at + step))) {
      if (event.kind === 'entry') {
        const { entry } = event;
        lines.push(text, `${entry.kind} ${entry.path} ${entry.mode} ${entry.uid} ${entry.size}`);
        text = '';
        size = entry.size;
        expect(entry.mode & ~0o7777).toBe(0);
        checkPath(entry.path);
        continue;
      }
      const end = event.offset + event.bytes.length;
      if (event.offset < 0 || end > size) throw new Error(`data up to ${end} of ${size}`);
      for (let index = 0; index < event.bytes.length; index += 1) {
        text += `${event.offset + index}=${event.bytes[index]} `;
      }
    }
  }
  reader.finish();
  return [...lines, text].join('\n');
}

function checkPath(path: string): void {
  let clean: string;
  try {
    clean = memberPath(path);
  } catch (error) {
    if (isRefusal(error)) return;
    throw error;
  }
  const parts = clean.split('/');
  if (clean !== '.' && parts.some((part) => ['', '.', '..'].includes(part))) {
    throw new Error(`not clean: ${JSON.stringify(clean)}`);
  }
}

test('TarReader answers or refuses every archive, and reads the same however the bytes are cut', () => {
  const random = generator(21);
  let answered = 0;
  let refused = 0;
  for (let run = 0; run < RUNS; run += 1) {
    const bytes = mutate(SEEDS[random(SEEDS.length)] ?? new Uint8Array(), random);
    const shown = Buffer.from(bytes).toString('base64');
    let whole: string | undefined;
    let pieces: string | undefined;
    const step = 1 + random(700);
    if (answers(() => (whole = digestOf(bytes, bytes.length)), isRefusal, shown)) answered += 1;
    else refused += 1;
    answers(() => (pieces = digestOf(bytes, step)), isRefusal, shown);
    if (whole !== pieces) throw new Error(`differs in pieces of ${step}: ${shown}`);
  }
  expect(answered).toBeGreaterThan(RUNS / 20);
  expect(refused).toBeGreaterThan(RUNS / 10);
}, 120_000);

test('TarReader holds no more than a header, however long the names of an archive for all members are', () => {
  const value = 'v'.repeat(limits.archiveHeaderBytes / 2);
  const global = (name: string) => rawMember('g', 'g', paxText({ [name]: value }));
  const push = (name: (count: number) => string) => () => {
    const reader = new TarReader();
    for (let count = 0; count < 1000; count += 1) reader.push(global(name(count)));
  };
  const before = process.memoryUsage.rss();
  expect(
    answers(
      push(() => 'one'),
      isRefusal,
      'one name',
      20_000,
    ),
  ).toBe(true);
  expect(
    answers(
      push((count) => `${count}`),
      isRefusal,
      'many names',
      20_000,
    ),
  ).toBe(false);
  expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 * 1024);
});

test('TarReader takes time in the order of the archive, also where every member has records for all of them', () => {
  const records = Object.fromEntries(
    Array.from({ length: 100 }, (_, index) => [`SCHILY.xattr.user.a${index}`, 'v']),
  );
  const member = rawHeader({ name: 'f' });
  const bytes = archive(
    rawMember('g', 'g', paxText(records)),
    ...Array.from({ length: 20_000 }, () => member),
  );
  const read = () => digestOf(bytes, 64 * 1024);
  expect(answers(read, isRefusal, 'many records', 20_000)).toBe(true);
}, 60_000);
