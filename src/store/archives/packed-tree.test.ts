import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shimPath } from '../../host/shim-binary.ts';
import { unpackTree } from '../../host/tree-process.ts';
import { encodeOp, encodeXattrs } from '../../plan/encode.ts';
import type { Op } from '../../plan/ops.ts';
import { packTreeOps } from './packed-tree.ts';

let scratch: string;
let shim: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tiffin-tree-'));
  shim = shimPath(scratch);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const none = new Uint8Array(0);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Node has no calls for extended attributes. */
const python = (code: string, ...args: string[]): string =>
  execFileSync('python3', ['-c', `import os, sys; ${code}`, ...args], { encoding: 'utf8' });

async function unpack(directory: string, ops: readonly Op[], ended = true): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const sink = unpackTree(shim, directory);
  for (const op of ops) await sink.write([encodeOp(op, 'host')]);
  if (ended) await sink.write([encodeOp({ op: 'tree-end' }, 'host')]);
  await (await sink.finish()).synced;
}

async function pack(directory: string, path = '/'): Promise<Op[]> {
  const ops: Op[] = [];
  const plan = [
    { stage: 'host', op: { op: 'root', path: directory, bind: 0 }, why: 'the tree' },
  ] as const;
  for await (const batch of packTreeOps(shim, plan, path)) ops.push(...structuredClone(batch));
  return ops;
}

const file = (path: string, content: string, more: Partial<Op> = {}): Op[] =>
  [
    {
      op: 'tree-file',
      path,
      mode: 0o100644,
      uid: 0,
      gid: 0,
      mtimeNs: 1_000_000_007n,
      xattrs: none,
      size: BigInt(content.length),
      ...more,
    },
    ...(content === '' ? [] : [{ op: 'tree-data', offset: 0n, bytes: text(content) }]),
  ] as Op[];

const symlink = (path: string, value: string): Op => ({
  op: 'tree-symlink',
  path,
  value,
  uid: 0,
  gid: 0,
  mtimeNs: 5n,
  xattrs: none,
});

const directory = (path: string, mode = 0o40755): Op => ({
  op: 'tree-directory',
  path,
  mode,
  uid: 3,
  gid: 4,
  mtimeNs: 2_000_000_000_000_000_000n,
  xattrs: none,
});

test('packTreeOps and unpackTree carry a tree over as it is', async () => {
  const from = join(scratch, 'round');
  mkdirSync(join(from, 'd/empty'), { recursive: true });
  writeFileSync(join(from, 'd/file'), 'content');
  execFileSync('chmod', ['6755', join(from, 'd/file')]);
  execFileSync('chown', ['7:8', join(from, 'd/empty')]);
  python('os.setxattr(sys.argv[1], "user.note", b"kept")', join(from, 'd/file'));
  linkSync(join(from, 'd/file'), join(from, 'z-link'));
  symlinkSync('../d/file', join(from, 'd/up'));
  execFileSync('mknod', [join(from, 'pipe'), 'p']);
  execFileSync('mknod', [join(from, 'zero'), 'c', '1', '5']);
  writeFileSync(join(from, 'sparse'), 'head');
  truncateSync(join(from, 'sparse'), 64 * 1024 * 1024);
  utimesSync(join(from, 'd'), 1, 1_234_567_890);

  const ops = await pack(from);
  const to = join(scratch, 'round-copy');
  await unpack(to, ops.slice(0, -1));

  expect(await pack(to)).toEqual(ops);
  expect(ops.map(({ op }) => op)).toContain('tree-hardlink');
  expect(lstatSync(join(to, 'd/file')).mode & 0o7777).toBe(0o6755);
  expect(lstatSync(join(to, 'd/file')).ino).toBe(lstatSync(join(to, 'z-link')).ino);
  expect(lstatSync(join(to, 'd/empty')).uid).toBe(7);
  expect(lstatSync(join(to, 'd')).mtimeMs).toBe(1_234_567_890_000);
  expect(lstatSync(join(to, 'zero')).rdev).toBe(lstatSync(join(from, 'zero')).rdev);
  const sparse = lstatSync(join(to, 'sparse'));
  expect(sparse.size).toBe(64 * 1024 * 1024);
  expect(sparse.blocks).toBeLessThan(64);
});

test('unpackTree sets xattrs and turns tree-whiteout and tree-opaque into what overlayfs reads', async () => {
  const to = join(scratch, 'white');
  const xattrs = encodeXattrs([['user.a', text('b')]]);
  await unpack(to, [
    ...file('f', 'x', { xattrs }),
    { op: 'tree-whiteout', path: 'gone' },
    { op: 'tree-opaque', path: 'hides/all' },
    // The layer removes `again` and makes it anew.
    { op: 'tree-whiteout', path: 'again' },
    directory('again'),
    // Its own content outlives a whiteout of the same name.
    directory('own'),
    ...file('own/file', 'y'),
    { op: 'tree-whiteout', path: 'own' },
  ]);
  const attribute = (path: string, name: string): string =>
    python('print(os.getxattr(*sys.argv[1:]).decode(), end="")', join(to, path), name);
  expect(attribute('f', 'user.a')).toBe('b');
  expect(lstatSync(join(to, 'gone')).isCharacterDevice()).toBe(true);
  expect(lstatSync(join(to, 'gone')).rdev).toBe(0);
  for (const path of ['hides/all', 'again', 'own']) {
    expect(attribute(path, 'trusted.overlay.opaque')).toBe('y');
  }
  expect(readFileSync(join(to, 'own/file'), 'utf8')).toBe('y');
  const names = (await pack(to)).map((op) => `${op.op} ${'path' in op ? op.path : ''}`);
  expect(names).toContain('tree-whiteout gone');
  expect(names).toContain('tree-opaque own');
});

test('unpackTree lets the later of two entries of one name count', async () => {
  const to = join(scratch, 'later');
  await unpack(to, [
    directory('a'),
    ...file('a/x', '1'),
    ...file('a', '2'),
    symlink('s', 'elsewhere'),
    directory('s'),
    ...file('s/in', '3'),
    directory('d'),
    ...file('d/one', '4'),
    symlink('d', 's'),
    ...file('d/two', '5'),
  ]);
  expect(readFileSync(join(to, 'a'), 'utf8')).toBe('2');
  expect(readFileSync(join(to, 's/in'), 'utf8')).toBe('3');
  expect(readlinkSync(join(to, 'd'))).toBe('s');
  expect(readFileSync(join(to, 's/two'), 'utf8')).toBe('5');
  expect(existsSync(join(to, 's/one'))).toBe(false);
});

test('unpackTree keeps hostile paths below its directory', async () => {
  const outside = join(scratch, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'victim'), 'untouched');
  const to = join(scratch, 'jail');
  await unpack(to, [
    ...file('../../../escape', 'a'),
    ...file('/absolute', 'b'),
    symlink('abs', outside),
    ...file('abs/victim', 'c'),
    symlink('rel', `../../../../../..${outside}`),
    ...file('rel/victim', 'd'),
    ...file('kept', 'k'),
    { op: 'tree-hardlink', path: 'link', value: '../../../kept' },
  ]);
  expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('untouched');
  expect(existsSync(join(scratch, 'escape'))).toBe(false);
  expect(readFileSync(join(to, 'escape'), 'utf8')).toBe('a');
  expect(readFileSync(join(to, 'absolute'), 'utf8')).toBe('b');
  expect(readFileSync(join(to, outside, 'victim'), 'utf8')).toBe('d');
  expect(readFileSync(join(to, 'link'), 'utf8')).toBe('k');
});

test('unpackTree refuses a hard link whose target lies only outside', async () => {
  const victim = join(scratch, 'outside-target');
  writeFileSync(victim, 'secret');
  const to = join(scratch, 'jail-link');
  const work = unpack(to, [{ op: 'tree-hardlink', path: 'stolen', value: victim }]);
  await expect(work).rejects.toMatchObject({ code: 'tree-failed', class: 'not-found' });
  expect(existsSync(join(to, 'stolen'))).toBe(false);
});

test('unpackTree names the entry and the errno of what failed', async () => {
  const work = unpack(join(scratch, 'fails'), [...file('f', 'x'), ...file('f/below', 'y')]);
  await expect(work).rejects.toMatchObject({
    message: expect.stringContaining('f/below: ENOTDIR'),
  });
});

test('unpackTree takes a stream without tree-end, with too much data or of other operations as broken', async () => {
  const cut = unpack(join(scratch, 'cut'), file('f', 'x'), false);
  await expect(cut).rejects.toMatchObject({ message: expect.stringContaining('broke off') });
  const over = unpack(join(scratch, 'over'), [
    ...file('f', 'x'),
    { op: 'tree-data', offset: 1n, bytes: text('y') },
  ]);
  await expect(over).rejects.toMatchObject({ message: expect.stringContaining('broken') });
  const other = unpack(join(scratch, 'other'), [{ op: 'unlink', path: '/etc/passwd' }]);
  await expect(other).rejects.toMatchObject({ message: expect.stringContaining('broken') });
});

test('packTreeOps gives a file alone under its own name, and a missing path as not-found', async () => {
  const from = join(scratch, 'single');
  mkdirSync(join(from, 'etc'), { recursive: true });
  writeFileSync(join(from, 'etc/name'), 'web');
  symlinkSync('/etc', join(from, 'link'));
  const ops = await pack(from, '/link/name');
  expect(ops.map((op) => ('path' in op ? op.path : op.op))).toEqual([
    'name',
    'tree-data',
    'tree-end',
  ]);
  const missing = pack(from, '/nowhere/x');
  await expect(missing).rejects.toMatchObject({ code: 'tree-failed', class: 'not-found' });
});
