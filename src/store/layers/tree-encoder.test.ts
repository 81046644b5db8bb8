import { expect, test } from 'bun:test';
import { decodeXattrs, OpStreamDecoder } from '../../plan/encode.ts';
import type { Op } from '../../plan/ops.ts';
import type { TarEntry } from '../tar/entry.ts';
import { TarReader } from '../tar/reader.ts';
import { archive, members, padded, paxText, rawHeader, rawMember } from '../testing/tar-bytes.ts';
import { TreeEncoder } from './tree-encoder.ts';

function treeOps(bytes: Uint8Array): Op[] {
  const reader = new TarReader();
  const encoder = new TreeEncoder();
  encoder.encode(reader.push(bytes));
  reader.finish();
  encoder.end();
  const decoder = new OpStreamDecoder();
  const ops = encoder.take().flatMap((piece) => decoder.push(piece));
  expect(decoder.pendingBytes).toBe(0);
  return ops;
}

const text = (content: string) => new TextEncoder().encode(content);
const names = (bytes: Uint8Array) =>
  treeOps(bytes).map((op) => ('path' in op ? `${op.op} ${op.path}` : op.op));
const entry = (path: string, more: Partial<TarEntry> = {}) => ({ path, ...more });

test('TreeEncoder turns members into tree operations with their attributes', () => {
  const ops = treeOps(
    members([
      entry('./', { kind: 'directory', mode: 0o755 }),
      { ...entry('bin/tool', { mode: 0o4755, uid: 5, gid: 6, mtimeNs: 7n }), content: 'abc' },
      entry('bin/alias', { kind: 'symlink', link: '/../../etc/passwd' }),
      entry('bin/same', { kind: 'hardlink', link: './bin/tool' }),
      entry('dev/null', { kind: 'character', mode: 0o666, major: 1, minor: 3 }),
      entry('run/pipe', { kind: 'fifo' }),
    ]),
  );
  expect(ops).toMatchObject([
    { op: 'tree-directory', path: '.', mode: 0o40755 },
    { op: 'tree-file', path: 'bin/tool', mode: 0o104755, uid: 5, gid: 6, mtimeNs: 7n, size: 3n },
    { op: 'tree-data', offset: 0n, bytes: text('abc') },
    { op: 'tree-symlink', path: 'bin/alias', value: '/../../etc/passwd' },
    { op: 'tree-hardlink', path: 'bin/same', value: 'bin/tool' },
    { op: 'tree-device', path: 'dev/null', mode: 0o20666, major: 1, minor: 3 },
    { op: 'tree-device', path: 'run/pipe', mode: 0o10644 },
    { op: 'tree-end' },
  ]);
});

test('TreeEncoder turns OCI whiteouts into overlayfs ones and passes over those of aufs', () => {
  const bytes = members([
    entry('etc/.wh.hosts'),
    entry('var/.wh..wh..opq'),
    entry('.wh..wh..opq'),
    entry('.wh.top'),
    entry('.wh..wh.plnk', { kind: 'directory' }),
    entry('a/.wh..wh.aufs'),
    entry('a/.wh.dir', { kind: 'directory' }),
  ]);
  expect(names(bytes)).toEqual([
    'tree-whiteout etc/hosts',
    'tree-opaque var',
    'tree-opaque .',
    'tree-whiteout top',
    'tree-whiteout a/dir',
    'tree-end',
  ]);
});

test('TreeEncoder refuses whiteouts that name no file', () => {
  for (const path of ['.wh.', 'a/.wh.', 'a/.wh..', 'a/.wh...']) {
    expect(() => names(members([entry(path)]))).toThrow('names no file');
  }
});

test('TreeEncoder refuses paths that lead out, in members and in hard links', () => {
  for (const path of ['../x', 'a/../../x', 'a/..', '/../x', 'a/./../b', '..']) {
    expect(() => names(members([entry(path)]))).toThrow('leads out of the archive');
    expect(() => names(members([entry('b', { kind: 'hardlink', link: path })]))).toThrow(
      'leads out',
    );
  }
  expect(() => names(archive(rawHeader({ name: '' })))).toThrow('no path');
  expect(() => names(members([entry('.', { kind: 'symlink', link: 'x' })]))).toThrow(
    'root is not a directory',
  );
  expect(() => names(archive(rawHeader({ name: 'a', type: '2', link: '' })))).toThrow(
    'without target',
  );
  expect(() => names(members([entry('n'.repeat(256))]))).toThrow('name longer than 255');
});

test('TreeEncoder takes absolute and untidy paths as relative ones', () => {
  const paths = ['/etc/passwd', '//a//b/', './c/./d', 'e/'];
  expect(names(members(paths.map((path) => entry(path, { kind: 'directory' }))))).toEqual([
    'tree-directory etc/passwd',
    'tree-directory a/b',
    'tree-directory c/d',
    'tree-directory e',
    'tree-end',
  ]);
});

test('TreeEncoder keeps file capabilities and user attributes and drops marks of overlayfs and labels', () => {
  const value = Buffer.from('v');
  const xattrs = [
    'security.capability',
    'user.note',
    'system.posix_acl_access',
    'trusted.overlay.redirect',
    'trusted.x',
    'user.overlay.opaque',
    'security.selinux',
    'security.ima',
  ].map((name) => ({ name, value }));
  const [op] = treeOps(members([entry('a', { xattrs })]));
  const kept = op?.op === 'tree-file' ? [...decodeXattrs(op.xattrs).keys()] : [];
  expect(kept).toEqual(['security.capability', 'user.note', 'system.posix_acl_access']);
});

test('TreeEncoder gives sparse data its offsets and the apparent size', () => {
  const ops = treeOps(
    archive(
      rawMember('x', 'p', paxText({ 'GNU.sparse.size': '1000', 'GNU.sparse.map': '10,2,900,2' })),
      rawHeader({ name: 's', size: '00000000004' }),
      padded('abcd'),
    ),
  );
  expect(ops).toMatchObject([
    { op: 'tree-file', size: 1000n },
    { op: 'tree-data', offset: 10n, bytes: text('ab') },
    { op: 'tree-data', offset: 900n, bytes: text('cd') },
    { op: 'tree-end' },
  ]);
});

test('TreeEncoder does not take the content of a whiteout for that of another file', () => {
  const bytes = members([
    { ...entry('a'), content: 'x' },
    { ...entry('.wh.b'), content: 'y' },
  ]);
  expect(names(bytes)).toEqual(['tree-file a', 'tree-data', 'tree-whiteout b', 'tree-end']);
});

test('TreeEncoder keeps names that are not UTF-8 byte by byte', () => {
  const [op] = treeOps(archive(rawHeader({ patch: [[0, Uint8Array.of(0x61, 0xff)]] })));
  expect(op).toMatchObject({ path: 'a\udcff' });
});
