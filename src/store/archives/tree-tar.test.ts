import { afterAll, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { shimPath } from '../../host/shim-binary.ts';
import { encodeXattrs } from '../../plan/encode.ts';
import type { Op, Plan } from '../../plan/ops.ts';
import { removeTestDirectories, testDirectory } from '../testing/directory.ts';
import { readTar } from '../testing/tar-bytes.ts';
import { testStore } from '../testing/test-store.ts';
import { treeToTar } from './tree-tar.ts';

afterAll(removeTestDirectories);

async function tarOf(ops: readonly Op[]): Promise<Buffer> {
  async function* batches() {
    for (const op of ops) yield [op];
  }
  const parts: Uint8Array[] = [];
  for await (const part of treeToTar(batches())) parts.push(part);
  return Buffer.concat(parts);
}

const common = { uid: 1, gid: 2, mtimeNs: 3n, xattrs: new Uint8Array(0) };
const bytes = (text: string) => new TextEncoder().encode(text);

test('treeToTar fills holes, and keeps the size that a header promised when a file changes', async () => {
  const tar = await tarOf([
    { op: 'tree-file', path: 'holes', mode: 0o100644, size: 10n, ...common },
    { op: 'tree-data', offset: 2n, bytes: bytes('ab') },
    { op: 'tree-data', offset: 7n, bytes: bytes('c') },
    { op: 'tree-file', path: 'grew', mode: 0o100600, size: 3n, ...common },
    { op: 'tree-data', offset: 0n, bytes: bytes('abcdef') },
    { op: 'tree-data', offset: 6n, bytes: bytes('ghi') },
    { op: 'tree-file', path: 'shrank', mode: 0o100600, size: 4n, ...common },
    { op: 'tree-data', offset: 0n, bytes: bytes('a') },
    { op: 'tree-end' },
  ]);
  const found = readTar(tar).map(({ entry, pieces }) => [entry.path, pieces[0]?.text]);
  expect(found).toEqual([
    ['holes', '\0\0ab\0\0\0c\0\0'],
    ['grew', 'abc'],
    ['shrank', 'a\0\0\0'],
  ]);
});

test('treeToTar writes every kind of entry and turns overlayfs whiteouts into those of an image layer', async () => {
  const xattrs = encodeXattrs([['user.a', bytes('b')]]);
  const tar = await tarOf([
    { op: 'tree-directory', path: '.', mode: 0o40755, ...common },
    { op: 'tree-directory', path: 'd', mode: 0o41777, ...common, xattrs },
    { op: 'tree-symlink', path: 'd/l', value: '../x', ...common },
    { op: 'tree-hardlink', path: 'd/h', value: 'd/f' },
    { op: 'tree-device', path: 'd/n', mode: 0o20666, major: 1, minor: 3, ...common },
    { op: 'tree-device', path: 'd/p', mode: 0o10600, major: 0, minor: 0, ...common },
    { op: 'tree-whiteout', path: 'd/gone' },
    { op: 'tree-opaque', path: 'd' },
    { op: 'tree-opaque', path: '.' },
    { op: 'tree-end' },
  ]);
  expect(readTar(tar).map(({ entry }) => [entry.kind, entry.path, entry.link, entry.mode])).toEqual(
    [
      ['directory', 'd/', '', 0o1777],
      ['symlink', 'd/l', '../x', 0o777],
      ['hardlink', 'd/h', 'd/f', 0o644],
      ['character', 'd/n', '', 0o666],
      ['fifo', 'd/p', '', 0o600],
      ['file', 'd/.wh.gone', '', 0o644],
      ['file', 'd/.wh..wh..opq', '', 0o644],
      ['file', '.wh..wh..opq', '', 0o644],
    ],
  );
  expect(readTar(tar)[0]?.entry.xattrs[0]?.name).toBe('user.a');
});

test('Archives.exportTree gives a tree that tar unpacks to the same one', async () => {
  const from = testDirectory();
  const to = testDirectory();
  mkdirSync(join(from, 'dir', 'p'.repeat(200)), { recursive: true });
  writeFileSync(join(from, 'dir', 'p'.repeat(200), 'deep'), 'content', { mode: 0o751 });
  linkSync(join(from, 'dir', 'p'.repeat(200), 'deep'), join(from, 'second'));
  symlinkSync('/nowhere', join(from, 'link'));
  writeFileSync(join(from, 'sparse'), 'x');
  truncateSync(join(from, 'sparse'), 3_000_000);
  utimesSync(join(from, 'dir'), 5, 5);
  const { store } = await testStore({ shim: shimPath(testDirectory()) });
  const plan: Plan = [{ stage: 'host', op: { op: 'root', path: from, bind: 0 }, why: 'the tree' }];
  const parts: Uint8Array[] = [];
  for await (const part of store.archives.exportTree(plan)) parts.push(part);
  const { status } = spawnSync('tar', ['-xpf', '-', '-C', to], { input: Buffer.concat(parts) });
  expect(status).toBe(0);
  const listing = (directory: string) => {
    const format = '%P %y %m %U %G %s %T@ %l %n\\n';
    const { stdout } = spawnSync('find', [
      directory,
      '-mindepth',
      '1',
      '!',
      '-type',
      'd',
      '-printf',
      format,
    ]);
    return stdout.toString().split('\n').sort();
  };
  expect(listing(to)).toEqual(listing(from));
  expect(readFileSync(join(to, 'sparse')).equals(readFileSync(join(from, 'sparse')))).toBe(true);
});
