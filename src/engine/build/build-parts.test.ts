import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TarEntry } from '../../store/tar/entry.ts';
import { plainFile, tarEnd, tarHeader, tarPadding } from '../../store/tar/writer.ts';
import { FileTree } from './file-tree.ts';
import { parseGitAddress } from './git.ts';
import { parseMode } from './mode.ts';
import { resolveOwner } from './owner.ts';
import { expandPath, parentsPath, select } from './selection.ts';
import { Spool } from './spool.ts';
import { indexSource } from './tree-source.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tiffin-build-parts-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let count = 0;
async function treeOf(
  members: readonly (Partial<TarEntry> & { text?: string })[],
): Promise<FileTree> {
  count += 1;
  const tree = new FileTree(join(scratch, `spool-${count}`));
  async function* archive(): AsyncGenerator<Uint8Array> {
    for (const { text = '', ...member } of members) {
      const size = member.kind === undefined || member.kind === 'file' ? text.length : 0;
      yield tarHeader({ ...plainFile('x', size), ...member });
      if (size > 0) yield Buffer.from(text);
      yield tarPadding(size);
    }
    yield tarEnd();
  }
  await tree.receive(archive());
  return tree;
}

const textOf = async (tree: FileTree, path: string) => {
  const entry = tree.follow(path);
  if (entry === undefined) return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of tree.read(entry)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
};

test('FileTree knows the names of one file as such, until one of them becomes another file', async () => {
  await using tree = await treeOf([
    { path: 'a', text: 'one' },
    { path: 'd/b', kind: 'hardlink', link: 'a' },
    { path: 'd/c', kind: 'hardlink', link: 'd/b' },
    { path: 'e', text: 'one' },
    { path: 'a', text: 'new' },
  ]);
  const inode = (path: string) => tree.get(path)?.inode;
  expect(inode('d/b')).toBeGreaterThan(0);
  expect(inode('d/c')).toBe(inode('d/b') ?? 0);
  expect([inode('a'), inode('e')]).toEqual([0, 0]);
  expect(await textOf(tree, 'd/b')).toBe('one');
  expect(await textOf(tree, 'a')).toBe('new');
});

test('FileTree.below gives what is in a directory and nothing that only begins like it', async () => {
  await using tree = await treeOf(
    ['d-', 'd/x/1', 'd/x', 'd.e', 'd/a', 'd', 'dd', 'd0/z'].map((path) => ({
      path,
      kind: path === 'd' || path === 'd/x' ? 'directory' : 'file',
    })),
  );
  expect(tree.below('d').map(({ path }) => path)).toEqual(['d/a', 'd/x', 'd/x/1']);
  expect(tree.below('d/x').map(({ path }) => path)).toEqual(['d/x/1']);
  expect(tree.below('d/a')).toEqual([]);
  expect(tree.below('none')).toEqual([]);
});

test('FileTree takes an archive that puts files in the place of directories again and again in no time', async () => {
  const many = 20_000;
  const files = Array.from({ length: many }, (_, at) => ({ path: `d/${at}/f` }));
  const changes = Array.from({ length: many }, (_, at) => ({ path: `d/${at}` }));
  const start = performance.now();
  await using tree = await treeOf([...files, ...changes, { path: 'd' }, { path: 'd/1' }]);
  expect(tree.entries().map(({ path }) => path)).toEqual(['d', 'd/1']);
  // Looking through all names for each change took minutes.
  expect(performance.now() - start).toBeLessThan(20_000);
});

test('Spool gives back what it took, from memory and from its file, and removes that', async () => {
  const path = join(scratch, 'spool');
  await using spool = new Spool(path);
  const pieces = Array.from({ length: 40 }, (_, at) => new Uint8Array(300_000).fill(at));
  for (const piece of pieces) await spool.append(piece);
  expect(readdirSync(scratch)).toContain('spool');
  for (const at of [0, 7, 39]) {
    const read: Uint8Array[] = [];
    for await (const piece of spool.read(at * 300_000 + 5, 299_990)) read.push(piece.slice());
    expect(Buffer.concat(read).equals(Buffer.alloc(299_990, at))).toBe(true);
  }
  await spool[Symbol.asyncDispose]();
  expect(readdirSync(scratch)).not.toContain('spool');
});

test('FileTree follows links inside of itself and never out', async () => {
  await using tree = await treeOf([
    { path: 'd/f', text: 'content' },
    { path: 'abs', kind: 'symlink', link: '/d/f' },
    { path: 'd/up', kind: 'symlink', link: '../../../../d' },
    { path: 'out', kind: 'symlink', link: '/etc/passwd' },
    { path: 'loop', kind: 'symlink', link: 'loop' },
    { path: 'hard', kind: 'hardlink', link: 'd/f' },
  ]);
  expect(await textOf(tree, 'abs')).toBe('content');
  expect(await textOf(tree, 'd/up/f')).toBe('content');
  expect(await textOf(tree, '../../hard')).toBe('content');
  expect(tree.follow('out')).toBeUndefined();
  expect(tree.follow('loop')).toBeUndefined();
  expect(tree.follow('d/f/below')).toBeUndefined();
});

test('FileTree refuses what no context holds, and the later of two members counts', async () => {
  expect(treeOf([{ path: '../escape', text: 'x' }])).rejects.toThrow();
  expect(treeOf([{ path: 'h', kind: 'hardlink', link: '/etc/passwd' }])).rejects.toThrow(
    'link to no file',
  );
  await using tree = await treeOf([
    { path: 'a/b', text: '1' },
    { path: 'a', kind: 'symlink', link: '/etc' },
    { path: 'c', text: '1' },
    { path: 'c/d', text: '2' },
  ]);
  expect(tree.entries().map(({ path, kind }) => `${path} ${kind}`)).toEqual([
    'a symlink',
    'c directory',
    'c/d file',
  ]);
});

test('a context has no devices; an archive that is unpacked may', async () => {
  await using tree = await treeOf([{ path: 'dev', kind: 'character', major: 1, minor: 3 }]);
  expect(await indexSource(tree, { keepsOwners: false }).open('dev')).toBeUndefined();
  expect(await indexSource(tree, { keepsOwners: true }).open('dev')).toBeDefined();
});

test('select and expandPath take what patterns name, in the order of names, without what is excluded', async () => {
  await using tree = await treeOf([
    { path: 'b/x.js', text: 'x' },
    { path: 'b/deep/y.js', text: 'y' },
    { path: 'b-c', text: 'z' },
    { path: 'a.js', text: 'a' },
  ]);
  const source = indexSource(tree, { keepsOwners: false });
  expect(await expandPath(source, './*')).toEqual(['a.js', 'b', 'b-c']);
  expect(await expandPath(source, 'b/**/*.js')).toEqual(['b/deep/y.js', 'b/x.js']);
  expect(expandPath(source, 'none*')).rejects.toThrow('no files match');
  expect(select(source, 'none', [])).rejects.toThrow('"/none": not found');
  const { entries, isDirectory } = await select(source, 'b', ['**/y.js']);
  const paths: string[] = [];
  for await (const batch of entries) {
    for (const { path, op } of batch) if (op.op !== 'tree-data') paths.push(path);
  }
  expect(isDirectory).toBe(true);
  expect(paths).toEqual(['', 'deep', 'x.js']);
});

test('parentsPath cuts a path where its pivot stands', () => {
  expect(parentsPath('a/./b/c', 'a/b/c')).toBe('b/c');
  expect(parentsPath('a/b', 'a/b')).toBe('a/b');
  expect(parentsPath('./x/./*.txt', 'x/1.txt')).toBe('1.txt');
});

test.each([
  ['644', 0o755, false, 0o644],
  ['04755', 0o600, false, 0o4755],
  ['u=rw,go=', 0o755, false, 0o600],
  ['a+X', 0o644, false, 0o644],
  ['a+X', 0o644, true, 0o755],
  ['g-w,o-rwx', 0o777, false, 0o750],
  ['+x', 0o644, false, 0o755],
  ['u+s', 0o755, false, 0o4755],
])('parseMode %s makes of %o (directory: %p) %o', (text, mode, isDirectory, expected) => {
  expect(parseMode(text)(mode, isDirectory)).toBe(expected);
});

test('parseMode refuses what chmod does not take', () => {
  for (const text of ['9', 'u~x', '', 'z+x', '777777'])
    expect(() => parseMode(text)).toThrow('invalid chmod');
});

test('resolveOwner reads numbers, and names from the image alone', async () => {
  await using tree = await treeOf([
    { path: 'etc/passwd', text: 'root:x:0:0::/:\napp:x:7:8::/:\nevil:x:-1:4294967295::/:\n' },
    { path: 'etc/group', text: 'staff:x:50:\n' },
  ]);
  const root = indexSource(tree, { keepsOwners: true });
  expect(await resolveOwner('app', root)).toEqual({ uid: 7, gid: 8 });
  expect(await resolveOwner('12', root)).toEqual({ uid: 12, gid: 12 });
  expect(await resolveOwner('app:staff', root)).toEqual({ uid: 7, gid: 50 });
  expect(await resolveOwner('12:34', root)).toEqual({ uid: 12, gid: 34 });
  for (const text of ['nobody', 'evil', '4294967295', 'app:none', 'a:b:c', '-1']) {
    expect(resolveOwner(text, root)).rejects.toThrow();
  }
});

test('parseGitAddress reads ref and directory, and takes nothing that would be an option', () => {
  expect(parseGitAddress('https://h/r.git#v1:sub/dir')).toEqual({
    remote: 'https://h/r.git',
    ref: 'v1',
    directory: 'sub/dir',
  });
  for (const text of ['--upload-pack=x', 'https://h#-x', 'https://h#a:-b']) {
    expect(() => parseGitAddress(text)).toThrow('not one of a repository');
  }
});
