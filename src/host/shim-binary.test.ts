import { afterEach, expect, test } from 'bun:test';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shimPath } from './shim-binary.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tiffin-shim-binary-'));
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

test('shimPath leaves one copy that only its owner can read and run', () => {
  const path = shimPath(scratch);
  expect(shimPath(scratch)).toBe(path);
  expect(readdirSync(scratch)).toHaveLength(1);
  expect(statSync(path).mode & 0o7777).toBe(0o500);
  expect(readFileSync(path).subarray(1, 4).toString()).toBe('ELF');
});

test('shimPath refuses a file, a mode or a link that it did not leave', () => {
  const path = shimPath(scratch);
  chmodSync(path, 0o777);
  expect(() => shimPath(scratch)).toThrow('is not the shim');
  rmSync(path);
  writeFileSync(path, 'short', { mode: 0o500 });
  expect(() => shimPath(scratch)).toThrow('is not the shim');
  rmSync(path);
  symlinkSync('/bin/true', path);
  expect(() => shimPath(scratch)).toThrow('is not the shim');
});
