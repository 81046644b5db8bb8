import { afterAll, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from './remove-tree.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tiffin-remove-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A chain deeper than PATH_MAX, made from within: every process sees only names. */
function makeChain(top: string, depth: number): void {
  mkdirSync(top, { recursive: true });
  const name = 'd'.repeat(200);
  const script = `n=${name}; i=0; while [ $i -lt ${depth} ]; do mkdir $n $n/side; : > $n/file; cd -P $n || exit 1; i=$((i+1)); done`;
  const made = Bun.spawnSync(['/bin/busybox', 'sh', '-c', script], { cwd: top });
  expect(made.exitCode).toBe(0);
}

test('removeTree removes a tree deeper than any path can name, and nothing beside it', async () => {
  const outside = join(scratch, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'kept'), 'kept');
  const tree = join(scratch, 'tree');
  makeChain(tree, 200);
  symlinkSync(outside, join(tree, 'link'));
  await removeTree(tree);
  expect(readdirSync(scratch)).toEqual(['outside']);
  expect(readFileSync(join(outside, 'kept'), 'utf8')).toBe('kept');
});

test('removeTree takes a file, a link and what is absent', async () => {
  const file = join(scratch, 'file');
  const link = join(scratch, 'link');
  writeFileSync(file, '');
  symlinkSync(join(scratch, 'outside'), link);
  await removeTree(link);
  await removeTree(file);
  await removeTree(join(scratch, 'absent'));
  expect(existsSync(join(scratch, 'outside'))).toBe(true);
  expect(existsSync(link) || existsSync(file)).toBe(false);
});
