/** Root file systems of `tiffin cfs run` as archives: whatever they are called, their content says what they are. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, type Result, run, TestEngine } from '../integration/harness.ts';
import { busyboxRoot } from './cfs-images.ts';

let engine: TestEngine;
let folder: string;

/** Each made in the root file system; `$0` is the file. */
const ARCHIVES: readonly [file: string, script: string][] = [
  ['Plain.tar', 'tar cf $0 .'],
  ['Gzip.tar.gz', 'tar czf $0 .'],
  ['Short.tgz', 'tar czf $0 .'],
  ['Xz.tar.xz', 'tar c . | xz > $0'],
  ['Zst.tar.zst', 'tar c . | zstd -q > $0'],
  ['Lzma.tar.lzma', 'tar c . | xz --format=lzma > $0'],
  ['Cpio.cpio', 'find . | cpio -o --quiet -H newc > $0'],
  ['Odc.cpio', 'find . | cpio -o --quiet -H odc > $0'],
  ['core.gz', 'find . | cpio -o --quiet -H newc | gzip > $0'],
  ['CpioXz.cpio.xz', 'find . | cpio -o --quiet -H crc | xz > $0'],
  // SliTaz calls LZMA so.
  ['rootfs4.gz', 'find . | cpio -o --quiet -H newc | xz --format=lzma > $0'],
];

beforeAll(async () => {
  engine = await TestEngine.start();
  folder = join(engine.directory, 'OSimages');
  const root = join(engine.directory, 'root');
  busyboxRoot(root);
  writeFileSync(join(root, 'etc/origin'), 'archive\n');
  await must(['sh', '-c', `cd ${root} && ln bin/busybox bin/second && mknod dev-null c 1 3`]);
  mkdirSync(folder);
  for (const [file, script] of ARCHIVES) {
    await must(['sh', '-ec', `cd ${root}; ${script}`, join(folder, file)]);
  }
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

function cfs(...args: string[]): Promise<Result> {
  return engine.tiffin(['cfs', ...args], { env: { CFS_IMAGES: folder } });
}

test.each(ARCHIVES.map(([file]) => file))(
  'tiffin cfs run takes %s by its name without the ending',
  async (file) => {
    const name = file.slice(0, file.indexOf('.'));
    const script =
      'cat /etc/origin; [ /bin/second -ef /bin/busybox ]; stat -c "%F %t:%T" /dev-null';
    const { stdout, stderr, status } = await cfs('run', name, 'sh', '-c', script);
    expect(stderr).toBe('');
    expect(stdout).toBe('archive\ncharacter special file 1:3\n');
    expect(status).toBe(0);
  },
);

test('tiffin cfs run takes an archive by its whole name, and asks for it where several fit', async () => {
  writeFileSync(join(folder, 'Twice.tar'), readFileSync(join(folder, 'Plain.tar')));
  writeFileSync(join(folder, 'Twice.cpio'), readFileSync(join(folder, 'Cpio.cpio')));
  const unclear = await cfs('run', 'Twice', 'pwd');
  expect(unclear.status).toBe(125);
  expect(unclear.stderr).toContain('image Twice is ambiguous: Twice.tar, Twice.cpio');
  expect((await cfs('run', 'Twice.cpio', 'pwd')).stdout).toBe('/\n');
});

test.each([
  ['text.tar', Buffer.from('no archive at all'), 'no tar, cpio or zip archive'],
  ['empty.tar', Buffer.alloc(0), 'no tar, cpio or zip archive'],
  ['cut.cpio', Buffer.from('070701'), 'broken cpio archive: unexpected end'],
  ['old.cpio', Buffer.from('c7710000', 'hex'), 'old binary format'],
  ['image.img', Buffer.concat([Buffer.alloc(32_769), Buffer.from('CD001')]), 'an ISO image'],
  ['squash.img', Buffer.from('hsqs0000'), 'a squashfs image'],
  ['broken.tar.xz', Buffer.from('fd377a585a000000', 'hex'), 'broken xz data'],
])(
  'tiffin cfs run says what is wrong with %s, and keeps nothing of it',
  async (file, bytes, words) => {
    writeFileSync(join(folder, file), bytes);
    const before = await engine.ok('images', '-q');
    const { status, stderr } = await cfs('run', file, 'pwd');
    expect(status).toBe(125);
    expect(stderr).toContain(words);
    expect(await engine.ok('images', '-q')).toBe(before);
  },
);

test('tiffin cfs run refuses an archive whose names lead out of it', async () => {
  const evil = join(engine.directory, 'evil');
  mkdirSync(join(evil, 'in'), { recursive: true });
  writeFileSync(join(evil, 'outside'), 'x');
  const script = `cd ${evil}/in && echo ../outside | cpio -o --quiet -H newc > ${folder}/evil.cpio`;
  await must(['sh', '-c', script]);
  const { status, stderr } = await cfs('run', 'evil', 'pwd');
  expect(status).toBe(125);
  expect(stderr).toContain('leads out of the archive');
});

test('tiffin cfs run runs no decompressor of the PATH, of the folder or of the image (CVE-2026-41567)', async () => {
  const trap = join(engine.directory, 'trap');
  mkdirSync(trap);
  for (const name of ['xz', 'unxz', 'lzma', 'unlzma', 'gzip', 'zstd', 'cpio', 'tar']) {
    writeFileSync(join(trap, name), `#!/bin/sh\necho ${name} >> ${trap}/ran\n`);
    chmodSync(join(trap, name), 0o755);
  }
  writeFileSync(join(folder, 'Trap.cpio.xz'), readFileSync(join(folder, 'CpioXz.cpio.xz')));
  const { stdout } = await engine.tiffin(['cfs', 'run', 'Trap', 'pwd'], {
    env: { CFS_IMAGES: folder, PATH: `${trap}:.:${process.env.PATH}` },
  });
  expect(stdout).toBe('/\n');
  expect((await run(['ls', join(trap, 'ran')])).status).not.toBe(0);
});
