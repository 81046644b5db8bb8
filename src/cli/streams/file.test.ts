import { expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeArchive } from './file.ts';
import { standardOutput } from './output.ts';

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one ');
  yield Buffer.from('two');
}

test('writeArchive writes into a pipe and leaves it a pipe, as it must leave /dev/null a device', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-file-'));
  const pipe = join(directory, 'pipe');
  expect(Bun.spawnSync(['mkfifo', pipe]).exitCode).toBe(0);
  const reader = Bun.spawn(['cat', pipe], { stdout: 'pipe' });
  await writeArchive(pipe, pieces(), standardOutput);
  expect(await reader.stdout.text()).toBe('one two');
  expect(statSync(pipe).isFIFO()).toBe(true);
  expect(readdirSync(directory)).toEqual(['pipe']);
  rmSync(directory, { recursive: true });
});

test('writeArchive replaces a file whole, and leaves it alone when what it writes breaks off', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-file-'));
  const file = join(directory, 'file');
  writeFileSync(file, 'before');
  const broken = (async function* () {
    yield Buffer.from('half');
    throw new Error('gone');
  })();
  await expect(writeArchive(file, broken, standardOutput)).rejects.toThrow('gone');
  expect(readFileSync(file, 'utf8')).toBe('before');
  await writeArchive(file, pieces(), standardOutput);
  expect(readFileSync(file, 'utf8')).toBe('one two');
  expect(readdirSync(directory)).toEqual(['file']);
  rmSync(directory, { recursive: true });
});
