import { expect, test } from 'bun:test';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TarReader } from '../../store/tar/reader.ts';
import { localArchive } from './local-archive.ts';

test('localArchive keeps names and links whatever their bytes are', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-archive-'));
  const at = (...bytes: number[]) =>
    Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(bytes)]);
  mkdirSync(at(0xff, 0xfe));
  writeFileSync(at(0xff, 0xfe, 0x2f, 0xe9), 'content');
  symlinkSync(Buffer.from([0xe9, 0x0a]), at(0x6c));
  linkSync(at(0xff, 0xfe, 0x2f, 0xe9), at(0x7a));
  writeFileSync(`${directory}/é`, '');
  const reader = new TarReader();
  const entries = [];
  for await (const bytes of localArchive(directory, '.', (name) => name)) {
    for (const event of reader.push(bytes)) if (event.kind === 'entry') entries.push(event.entry);
  }
  reader.finish();
  expect(entries.map(({ kind, path, link, size }) => [kind, path, link, size])).toEqual([
    ['directory', './', '', 0],
    ['symlink', 'l', '\udce9\n', 0],
    ['file', 'z', '', 7],
    ['file', 'é', '', 0],
    ['directory', '\udcff\udcfe/', '', 0],
    ['hardlink', '\udcff\udcfe/\udce9', 'z', 0],
  ]);
  rmSync(directory, { recursive: true });
});
