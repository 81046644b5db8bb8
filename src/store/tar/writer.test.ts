import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { members, readTar } from '../testing/tar-bytes.ts';
import type { TarEntry } from './entry.ts';
import { plainFile, tarHeader } from './writer.ts';

const samples: TarEntry[] = [
  plainFile('plain', 0),
  { ...plainFile('dir/', 0), kind: 'directory', mode: 0o1777 },
  plainFile('n'.repeat(100), 0),
  plainFile(`${'p'.repeat(150)}/${'n'.repeat(100)}`, 0),
  plainFile(`${'p'.repeat(160)}/${'n'.repeat(250)}`, 0),
  plainFile('ünïcode', 0),
  plainFile('raw\udcff', 0),
  { ...plainFile('link', 0), kind: 'symlink', link: 'l'.repeat(300) },
  { ...plainFile('same', 0), kind: 'hardlink', link: 'plain' },
  { ...plainFile('owner', 0), uid: 3_000_000, gid: 4_294_967_294 },
  { ...plainFile('time', 0), mtimeNs: 1_700_000_000_000_000_001n },
  { ...plainFile('late', 0), mtimeNs: 9_000_000_000_000_000_000n },
  { ...plainFile('dev', 0), kind: 'block', major: 8, minor: 1048575 },
  { ...plainFile('xattr', 0), xattrs: [{ name: 'user.é', value: Uint8Array.of(0, 10, 61, 255) }] },
];

test('tarHeader writes every entry so that TarReader reads the same', () => {
  expect(readTar(members(samples)).map(({ entry }) => entry)).toEqual(
    samples.map((entry) => ({ ...entry })),
  );
});

test('tarHeader gives the same bytes for the same entry', () => {
  for (const entry of samples) {
    expect(Buffer.from(tarHeader(entry)).equals(tarHeader({ ...entry }))).toBe(true);
  }
});

test('tarHeader writes sizes beyond eight gigabytes', () => {
  const size = 9 * 1024 ** 3;
  const header = tarHeader(plainFile('huge', size));
  // Cut before the content: the entry is what counts.
  expect(() => readTar(header)).toThrow('unexpected end');
  expect(Buffer.from(header).includes(`size=${size}\n`)).toBe(true);
});

test('tarHeader is understood by GNU tar', () => {
  const { stdout, status } = spawnSync('tar', ['-tvf', '-', '--full-time'], {
    input: members(samples),
  });
  expect(status).toBe(0);
  const lines = stdout.toString().trim().split('\n');
  expect(lines.length).toBe(samples.length);
  expect(lines[1]).toStartWith('drwxrwxrwt 0/0');
  expect(lines[9]).toContain('3000000/4294967294');
  expect(lines[12]).toContain('8,1048575');
});

test('TarReader reads what GNU tar writes in each of its formats', () => {
  for (const format of ['v7', 'ustar', 'gnu', 'pax']) {
    const args = [
      '-cf',
      '-',
      `--format=${format}`,
      '-C',
      import.meta.dir,
      'reader.ts',
      'fields.ts',
    ];
    const { stdout, status } = spawnSync('tar', args, { maxBuffer: 1024 ** 2 });
    expect(status).toBe(0);
    const found = readTar(stdout, 1000);
    expect(found.map(({ entry }) => entry.path)).toEqual(['reader.ts', 'fields.ts']);
    expect(found[0]?.pieces[0]?.text).toStartWith('/**\n * A streaming tar reader');
  }
});
