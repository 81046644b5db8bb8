import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { TarEntry } from '../../store/tar/entry.ts';
import { TarReader } from '../../store/tar/reader.ts';
import { zipArchive } from './zip-archive.ts';

const directory = mkdtempSync(join(tmpdir(), 'tiffin-zip-'));
const file = join(directory, 'image.zip');

afterAll(() => rmSync(directory, { recursive: true }));

interface Member {
  name: string;
  content?: string;
  /** 0: not made on Unix. */
  mode?: number;
  /** What the directory claims, when it lies. */
  size?: number;
}

/** A zip file whose entries are stored as they are. */
function zipOf(members: readonly Member[]): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, content = '', mode = 0o100644, size = content.length } of members) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    fields(local, 4, name, content, size);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(mode === 0 ? 20 : (3 << 8) | 20, 4);
    fields(entry, 6, name, content, size);
    entry.writeUInt32LE((mode << 16) >>> 0, 38);
    entry.writeUInt32LE(offset, 42);
    central.push(entry, Buffer.from(name));
    const data = [local, Buffer.from(name), Buffer.from(content)];
    parts.push(...data);
    offset += data.reduce((sum, { length }) => sum + length, 0);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(Buffer.concat(central).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...central, end]);
}

/** What the local header and the directory have in common, from «version needed» on. */
function fields(into: Buffer, at: number, name: string, content: string, size: number): void {
  into.writeUInt16LE(20, at);
  into.writeUInt16LE((46 << 9) | (11 << 5) | 21, at + 8);
  into.writeUInt32LE(crc32(content), at + 10);
  into.writeUInt32LE(size, at + 14);
  into.writeUInt32LE(size, at + 18);
  into.writeUInt16LE(Buffer.byteLength(name), at + 22);
}

async function read(bytes: Uint8Array): Promise<TarEntry[]> {
  writeFileSync(file, bytes);
  const entries: TarEntry[] = [];
  const reader = new TarReader();
  for await (const bytes of zipArchive(file)) {
    for (const event of reader.push(bytes)) if (event.kind === 'entry') entries.push(event.entry);
  }
  reader.finish();
  return entries;
}

test('zipArchive keeps names, modes, links and sizes, and leaves devices out', async () => {
  const entries = await read(
    zipOf([
      { name: 'bin/', mode: 0o040755 },
      { name: 'bin/su', content: 'program', mode: 0o104755 },
      { name: 'bin/sh', content: 'busybox', mode: 0o120777 },
      { name: 'dev/sda', mode: 0o060666 },
      { name: 'dos/', mode: 0 },
      { name: 'dos/file', content: 'x', mode: 0 },
    ]),
  );
  const shown = entries.map(({ kind, path, mode, link, size, uid }) => [
    ...[kind, path.replace(/\/$/, ''), mode.toString(8), link, size, uid],
  ]);
  expect(shown).toEqual([
    ['directory', 'bin', '755', '', 0, 0],
    ['file', 'bin/su', '4755', '', 7, 0],
    ['symlink', 'bin/sh', '777', 'busybox', 0, 0],
    ['directory', 'dos', '755', '', 0, 0],
    ['file', 'dos/file', '644', '', 1, 0],
  ]);
});

test('zipArchive refuses names that lead out, endless links, and entries that claim more than a file can hold', async () => {
  const refused = (...members: Member[]) => expect(read(zipOf(members))).rejects;
  await refused({ name: '../out' }).toThrow('invalid relative path');
  await refused({ name: '/out' }).toThrow('absolute path');
  await refused({ name: 'l', content: 'x'.repeat(5000), mode: 0o120777 }).toThrow('a link of 5000');
  const half = { content: 'x', size: 300 * 2 ** 20 };
  await refused({ name: 'one', ...half }, { name: 'two', ...half }).toThrow('grow to more than');
  await refused({ name: 'short', content: 'x', size: 2 ** 20 }).toThrow(file);
});

test('zipArchive answers or refuses whatever a zip file was changed to', async () => {
  const whole = zipOf([
    { name: 'bin/', mode: 0o040755 },
    { name: 'bin/sh', content: 'busybox', mode: 0o120777 },
    { name: 'etc/passwd', content: 'root:x:0:0::/:/bin/sh\n'.repeat(9) },
  ]);
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  let answered = 0;
  for (let round = 0; round < 400; round += 1) {
    const changed = Buffer.from(
      whole.subarray(0, round % 5 === 0 ? random(whole.length) : undefined),
    );
    for (let edits = 0; edits < 1 + (round % 3) && changed.length > 0; edits += 1) {
      changed[random(changed.length)] = random(256);
    }
    try {
      await read(changed);
      answered += 1;
    } catch (error) {
      expect(error).toHaveProperty('message', expect.any(String));
      expect(['CliError', 'TiffinError']).toContain(error instanceof Error ? error.name : '');
    }
  }
  expect(answered).toBeGreaterThan(40);
  expect(answered).toBeLessThan(400);
});
