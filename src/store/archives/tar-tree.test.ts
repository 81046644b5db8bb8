/** `shim tar` against the tar writer of this side: both have to give the same bytes. */

import { afterAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { shimPath } from '../../host/shim-binary.ts';
import { type TarOptions, tarTree } from '../../host/tree-process.ts';
import { encodePlan } from '../../plan/encode.ts';
import type { Plan } from '../../plan/ops.ts';
import { removeTestDirectories, testDirectory } from '../testing/directory.ts';
import { readTar } from '../testing/tar-bytes.ts';
import { packTreeOps } from './packed-tree.ts';
import { treeToTar } from './tree-tar.ts';

afterAll(removeTestDirectories);

const shim = shimPath(testDirectory());
const python = (code: string, ...args: string[]) =>
  execFileSync('python3', ['-c', `import os, sys; ${code}`, ...args]);

function planOf(path: string): Plan {
  return [{ stage: 'host', op: { op: 'root', path, bind: 0 }, why: 'the tree' }];
}

async function tarOf(from: string, path = '/', options: TarOptions = {}): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of tarTree(shim, encodePlan(planOf(from)), path, options)) {
    parts.push(Buffer.from(part));
  }
  return Buffer.concat(parts);
}

async function names(from: string, path: string, options: TarOptions): Promise<string[]> {
  return readTar(await tarOf(from, path, options)).map(({ entry }) =>
    entry.link === '' ? entry.path : `${entry.path} ${entry.link}`,
  );
}

test('tarTree gives the bytes that treeToTar gives, for names, numbers and times of every length', async () => {
  const from = testDirectory();
  for (const length of [1, 98, 99, 100, 101, 154, 155, 156, 200, 255]) {
    mkdirSync(join(from, 'd'.repeat(length), 'e'.repeat(101)), { recursive: true });
    writeFileSync(join(from, 'd'.repeat(length), 'f'.repeat(99)), 'x'.repeat(length * 7));
    writeFileSync(join(from, 'd'.repeat(length), 'e'.repeat(101), 'g'.repeat(100)), '');
    symlinkSync(`/${'t'.repeat(length)}`, join(from, `link-${length}`));
  }
  writeFileSync(join(from, 'ünïcode'), 'é');
  symlinkSync('zü', join(from, 'to-ü'));
  python('open(sys.argv[1].encode() + b"/\\xff\\x01\\n", "w").write("raw")', from);
  utimesSync(join(from, 'ünïcode'), 1, 12_345_678_901);
  utimesSync(join(from, 'd'), 1, 1_600_000_000);
  python('os.utime(sys.argv[1], ns=(1, 1600000000_000000001))', join(from, 'd'.repeat(98)));
  execFileSync('chown', ['-h', '4294967294:2097152', join(from, 'ünïcode')]);
  execFileSync('chmod', ['7777', join(from, 'd')]);
  linkSync(join(from, 'ünïcode'), join(from, 'd', `h${'h'.repeat(120)}`));
  expect(await tarOf(from)).toEqual(await written(from));
});

test('tarTree gives the bytes that treeToTar gives, for attributes, devices, whiteouts and holes', async () => {
  const from = testDirectory();
  for (const name of ['a', 'b', 'opaque']) mkdirSync(join(from, name));
  writeFileSync(join(from, 'a/file'), 'content');
  python(
    '[os.setxattr(sys.argv[1], "user.n%d" % n, os.urandom(n)) for n in (0, 1, 70, 900, 2000)]',
    join(from, 'a/file'),
  );
  python('os.setxattr(sys.argv[1], "trusted.overlay.opaque", b"y")', join(from, 'opaque'));
  python('os.setxattr(sys.argv[1], "trusted.overlay.opaque", b"y")', from);
  execFileSync('mknod', [join(from, 'a/gone'), 'c', '0', '0']);
  execFileSync('mknod', [join(from, 'b/null'), 'c', '1', '3']);
  execFileSync('mknod', [join(from, 'b/disk'), 'b', '259', '1048575']);
  execFileSync('mkfifo', [join(from, 'b/fifo')]);
  python('import socket; socket.socket(socket.AF_UNIX).bind(sys.argv[1])', join(from, 'b/socket'));
  const holes = await open(join(from, 'holes'), 'w');
  for (const at of [0, 4096 * 3, 700_000, 1_300_000]) writeSync(holes.fd, 'data', at);
  await holes.close();
  truncateSync(join(from, 'holes'), 2_000_001);
  for (const size of [511, 512, 513, 262_144, 524_288, 700_000]) {
    writeFileSync(join(from, `size-${size}`), Buffer.alloc(size, `${size}`));
  }
  expect(await tarOf(from)).toEqual(await written(from));
  const listed = readTar(await tarOf(from)).map(({ entry }) => entry.path);
  expect(listed).toContain('a/.wh.gone');
  expect(listed).toContain('opaque/.wh..wh..opq');
  expect(listed).toContain('.wh..wh..opq');
  expect(listed).not.toContain('b/socket');
});

test('tarTree names the root, leaves paths out and bounds times as it is told', async () => {
  const from = testDirectory();
  for (const path of ['dev', 'etc', 'proc']) mkdirSync(join(from, path));
  writeFileSync(join(from, 'dev/kept'), '');
  writeFileSync(join(from, 'etc/hosts'), '');
  writeFileSync(join(from, 'etc/hostname'), 'named\n');
  writeFileSync(join(from, 'proc-file'), '');
  linkSync(join(from, 'dev/kept'), join(from, 'etc/same'));
  const leaveOut = ['dev/', 'etc/hosts', 'etc/hostname', 'proc', 'etc/sam', 'proc-file/'];
  expect(await names(from, '/', { leaveOut })).toEqual([
    'dev/kept',
    'etc/',
    'etc/hostname',
    'etc/same dev/kept',
    'proc/',
    'proc-file',
  ]);
  expect(await names(from, '/.', { name: 'box', leaveOut: ['proc/'] })).toEqual([
    'box/',
    'box/dev/',
    'box/dev/kept',
    'box/etc/',
    'box/etc/hostname',
    'box/etc/hosts',
    'box/etc/same box/dev/kept',
    'box/proc-file',
  ]);
  expect(await names(from, '/.', { name: '/' })).toContain('dev/kept');
  expect((await names(from, '/.', { name: '/' }))[0]).toBe('/');
  expect((await names(from, '/etc/.', { name: '.' }))[0]).toBe('./');
  expect(await names(from, '/etc/hostname', {})).toEqual(['hostname']);
  const bounded = readTar(await tarOf(from, '/', { latestNs: 5_000_000_007n }));
  expect(new Set(bounded.map(({ entry }) => entry.mtimeNs))).toEqual(new Set([5_000_000_007n, 0n]));
});

test('tarTree fails where there is nothing, and writes the same bytes each time', async () => {
  const from = testDirectory();
  await expect(tarOf(from, '/nothing')).rejects.toThrow('ENOENT');
  for (let at = 0; at < 2000; at += 1) writeFileSync(join(from, `f${at}`), `${at}`.repeat(at % 50));
  const digest = async () =>
    createHash('sha256')
      .update(await tarOf(from))
      .digest('hex');
  expect(await digest()).toBe(await digest());
});

test('tarTree keeps the size that a header promised when a file changes while it is read', async () => {
  const from = testDirectory();
  const size = 16 * 1024 * 1024;
  writeFileSync(join(from, 'grows'), Buffer.alloc(size, 'g'));
  writeFileSync(join(from, 'shrinks'), Buffer.alloc(size, 's'));
  const parts: Uint8Array[] = [];
  // What is not read yet by this side stops the shim within the first file.
  for await (const part of tarTree(shim, encodePlan(planOf(from)), '/', {})) {
    if (parts.length === 0) appendFileSync(join(from, 'grows'), 'more');
    const total = parts.reduce((sum, { length }) => sum + length, 0);
    if (total > size + 2_000_000) truncateSync(join(from, 'shrinks'), 3_000_000);
    parts.push(Buffer.from(part));
  }
  const members = readTar(Buffer.concat(parts)).map(({ entry }) => [entry.path, entry.size]);
  expect(members).toEqual([
    ['grows', size],
    ['shrinks', size],
  ]);
});

async function written(from: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of treeToTar(packTreeOps(shim, planOf(from)))) {
    parts.push(Buffer.from(part));
  }
  return Buffer.concat(parts);
}
