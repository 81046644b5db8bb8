import { afterAll, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { shimPath } from '../../host/shim-binary.ts';
import { unpackTree } from '../../host/tree-process.ts';
import type { Plan, TreeOp } from '../../plan/ops.ts';
import { packTreeOps } from '../archives/packed-tree.ts';
import { DirectorySink } from '../layers/directory-sink.ts';
import { ImageSink } from '../layers/image-sink.ts';
import { unpackLayer } from '../layers/unpack.ts';
import { chunks } from '../testing/blob-store-contract.ts';
import { removeTestDirectories, testDirectory } from '../testing/directory.ts';
import { archive, members, padded, paxText, rawHeader, rawMember } from '../testing/tar-bytes.ts';
import { ErofsWriter } from './writer.ts';

afterAll(removeTestDirectories);
const shim = shimPath(testDirectory());
const none = new Uint8Array(0);
const plain = { uid: 0, gid: 0, mtimeNs: 0n, xattrs: none };

async function imageOf(tar: Uint8Array): Promise<string> {
  const path = join(testDirectory(), 'layer.erofs');
  await (await unpackLayer(chunks(tar, 70_000), await ImageSink.create(path))).synced;
  expectSound(path);
  return path;
}

async function directoryOf(tar: Uint8Array): Promise<string> {
  const path = testDirectory();
  await unpackLayer(chunks(tar, 70_000), new DirectorySink(unpackTree(shim, path)));
  return path;
}

async function imageOfOps(ops: readonly TreeOp[]): Promise<string> {
  const path = join(testDirectory(), 'layer.erofs');
  const writer = await ErofsWriter.create(path);
  try {
    for (const op of ops) writer.take(op);
    await (await writer.finish()).synced;
  } catch (error) {
    await writer.abort();
    throw error;
  }
  expectSound(path);
  return path;
}

/** What the format's own tool says. */
function expectSound(image: string): void {
  const { status, stdout, stderr } = spawnSync('fsck.erofs', [image], { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
}

/** What the kernel shows of an image, or of a directory: one line per entry, content as its digest. */
async function listed(path: string): Promise<string[]> {
  const mountpoint = testDirectory();
  const isImage = statSync(path).isFile();
  const why = 'to look at it';
  const plan: Plan = [
    ...(isImage
      ? [
          {
            stage: 'host',
            op: {
              op: 'mount',
              source: path,
              target: mountpoint,
              fstype: 'erofs',
              flags: 1n,
              data: 'ro',
              create: 0,
              propagation: 0n,
            },
            why,
          } as const,
        ]
      : []),
    { stage: 'host', op: { op: 'root', path: isImage ? mountpoint : path, bind: 0 }, why },
  ];
  const lines: string[] = [];
  let file:
    | { line: string; size: number; at: number; hash: ReturnType<typeof createHash> }
    | undefined;
  const fill = (end: number) => {
    for (; file !== undefined && file.at < end; ) {
      const piece = Math.min(end - file.at, 1 << 20);
      file.hash.update(new Uint8Array(piece));
      file.at += piece;
    }
  };
  const close = () => {
    if (file === undefined) return;
    fill(file.size);
    lines.push(`${file.line} ${file.hash.digest('hex')}`);
    file = undefined;
  };
  for await (const batch of packTreeOps(shim, plan)) {
    for (const op of batch) {
      if (op.op === 'tree-data') {
        fill(Number(op.offset));
        file?.hash.update(op.bytes);
        if (file !== undefined) file.at += op.bytes.length;
        continue;
      }
      close();
      const line = JSON.stringify(op, (key, value) =>
        key === 'xattrs'
          ? Buffer.from(value).toString('hex')
          : typeof value === 'bigint'
            ? `${value}`
            : value,
      );
      if (op.op === 'tree-file')
        file = { line, size: Number(op.size), at: 0, hash: createHash('sha256') };
      else lines.push(line);
    }
  }
  return lines;
}

async function expectSame(tar: Uint8Array): Promise<string[]> {
  const fromImage = await listed(await imageOf(tar));
  expect(fromImage).toEqual(await listed(await directoryOf(tar)));
  return fromImage;
}

const dir = (path: string, more = {}) =>
  ({ path, kind: 'directory', mode: 0o755, mtimeNs: 5n, ...more }) as const;

test('ErofsWriter gives the tree that shim unpack gives: kinds, modes, owners, times to the nanosecond, content', async () => {
  const lines = await expectSame(
    members([
      dir('./', { mode: 0o711, mtimeNs: 1_700_000_000_123_456_789n }),
      dir('bin', { mtimeNs: 4_000_000_000_999_999_999n }),
      {
        path: 'bin/su',
        content: 'program',
        mode: 0o4755,
        uid: 12,
        gid: 34,
        mtimeNs: 1_000_000_000_500_000_001n,
      },
      { path: 'bin/big', content: 'x'.repeat(300_001), uid: 70_000, gid: 4_294_967_294 },
      { path: 'bin/block', content: 'y'.repeat(4096) },
      { path: 'bin/none' },
      { path: 'bin/abs', kind: 'symlink', link: '/../../../etc/passwd', mtimeNs: 9n },
      { path: 'bin/far', kind: 'symlink', link: `/${'l'.repeat(250)}`.repeat(16) },
      dir('dev'),
      { path: 'dev/null', kind: 'character', mode: 0o666, major: 1, minor: 3 },
      { path: 'dev/odd', kind: 'block', mode: 0o600, major: 259, minor: 70_000, uid: 3 },
      { path: 'dev/pipe', kind: 'fifo', mode: 0o1620, gid: 5 },
      dir('tmp', { mode: 0o1777 }),
      { path: `tmp/${'n'.repeat(255)}`, content: 'long' },
      { path: 'tmp/\udcff\udcfe', content: 'bytes' },
      { path: 'tmp/é', content: 'utf-8' },
      { path: 'tmp/\u{1f372}', content: 'beyond' },
      { path: 'tmp/\uffee', content: 'before it in bytes' },
      ...['!', '-', '..a', '.a', '...', '~'].map((name) => ({
        path: `tmp/${name}`,
        content: name,
      })),
    ]),
  );
  expect(lines).toHaveLength(25);
});

test('ErofsWriter keeps hard links one file, also when one of their names is replaced', async () => {
  const lines = await expectSame(
    members([
      dir('./'),
      { path: 'a', content: 'first' },
      { path: 'b', kind: 'hardlink', link: 'a' },
      { path: 'c', kind: 'hardlink', link: './b' },
      { path: 'a', content: 'second' },
      { path: 'c', kind: 'hardlink', link: 'c' },
      { path: 's', kind: 'symlink', link: 'x' },
    ]),
  );
  expect(lines.filter((line) => line.includes('tree-hardlink'))).toEqual([
    '{"op":"tree-hardlink","path":"c","value":"b"}',
  ]);
});

test('ErofsWriter lets the later of two entries count and follows links of the layer below its root', async () => {
  await expectSame(
    members([
      dir('./'),
      dir('d'),
      { path: 'd/kept', content: '1' },
      dir('d', { mode: 0o700 }),
      dir('gone'),
      { path: 'gone/x', content: '2' },
      { path: 'gone', content: 'a file now' },
      { path: 'f', content: '3' },
      dir('f'),
      { path: 'f/inside', content: '4' },
      { path: 'link', kind: 'symlink', link: '/../d' },
      { path: 'link/through', content: '5' },
      { path: 'up', kind: 'symlink', link: '../../../../d/../f' },
      { path: 'up/too', content: '6' },
      { path: 'd/again', kind: 'symlink', link: '../link' },
      { path: 'd/again/last', content: '7' },
    ]),
  );
});

test('ErofsWriter makes whiteouts and opaque directories as overlayfs has them', async () => {
  const lines = await expectSame(
    members([
      dir('./'),
      dir('etc'),
      { path: 'etc/.wh.gone' },
      dir('var'),
      { path: 'var/.wh..wh..opq' },
      dir('again'),
      { path: '.wh.again' },
      { path: '.wh.new' },
      dir('new'),
      { path: 'stays', content: 'x' },
      { path: '.wh.stays' },
    ]),
  );
  expect(lines.filter((line) => line.includes('opaque'))).toHaveLength(3);
  expect(lines.filter((line) => line.includes('whiteout'))).toHaveLength(1);
});

test('ErofsWriter keeps extended attributes, access lists and file capabilities', async () => {
  const acl = Buffer.from(
    '0200000001000600ffffffff02000400e803000004000400ffffffff10000600ffffffff20000400ffffffff',
    'hex',
  );
  const cap = Buffer.from('0100000200040000000000000000000000000000', 'hex');
  await expectSame(
    members([
      dir('./'),
      dir('d', {
        xattrs: [
          { name: 'system.posix_acl_default', value: acl },
          { name: 'user.d', value: Buffer.from('1') },
        ],
      }),
      {
        path: 'ping',
        mode: 0o755,
        content: 'x',
        xattrs: [{ name: 'security.capability', value: cap }],
      },
      { path: 'listed', mode: 0o664, xattrs: [{ name: 'system.posix_acl_access', value: acl }] },
      {
        path: 'noted',
        xattrs: [
          { name: 'user.a', value: Buffer.alloc(2000, 'v') },
          { name: 'user.empty', value: none },
        ],
      },
    ]),
  );
});

test('ErofsWriter takes attributes that are larger than a block, and refuses those over 64 KiB', async () => {
  const xattr = (bytes: number) => [{ name: 'user.large', value: Buffer.alloc(bytes, 'v') }];
  const image = await imageOf(
    members([dir('./'), { path: 'a', xattrs: xattr(20_000) }, { path: 'b', content: 'after' }]),
  );
  const lines = await listed(image);
  expect(lines[1]).toContain(Buffer.alloc(20_000, 'v').toString('hex'));
  expect(lines[2]).toContain('"path":"b"');
  await expect(imageOf(members([{ path: 'a', xattrs: xattr(70_000) }]))).rejects.toThrow('64 KiB');
});

test('ErofsWriter leaves the holes of sparse files out', async () => {
  const MiB = 1024 * 1024;
  const sparse = (name: string, size: number, map: string, content: string) => [
    rawMember('x', 'p', paxText({ 'GNU.sparse.size': `${size}`, 'GNU.sparse.map': map })),
    rawHeader({ name, size: content.length.toString(8).padStart(11, '0') }),
    padded(content),
  ];
  const tar = archive(
    rawHeader({ name: './', type: '5', mode: '0000755' }),
    ...sparse('ends', 64 * MiB, `0,3,${64 * MiB - 3},3`, 'abcxyz'),
    ...sparse('middle', 9 * MiB + 17, `${4 * MiB + 5},4`, 'abcd'),
    ...sparse('empty', 5 * MiB, '0,0', ''),
    ...sparse('near', 9000, '0,1,4097,2,8999,1', 'wxyz'),
    rawMember('0', 'after', 'plain'),
  );
  await expectSame(tar);
  expect(statSync(await imageOf(tar)).size).toBeLessThan(MiB);
  const huge = await imageOf(archive(...sparse('huge', 2 ** 43, `0,1,${2 ** 43 - 1},1`, 'az')));
  expect(statSync(huge).blocks * 512).toBeLessThan(MiB);
});

test('ErofsWriter writes a directory of 120,000 entries that is found by name', async () => {
  const count = 120_000;
  const name = (index: number) => `d/${'entry'.repeat(index % 9)}${index}`;
  const image = await imageOfOps([
    { op: 'tree-directory', path: 'd', mode: 0o40755, ...plain },
    ...Array.from(
      { length: count },
      (_, index): TreeOp => ({
        op: 'tree-symlink',
        path: name(index),
        value: `${index}`,
        ...plain,
      }),
    ),
  ]);
  const lines = await listed(image);
  expect(lines).toHaveLength(count + 3);
  const { stdout } = spawnSync('dump.erofs', ['-s', image], { encoding: 'utf8' });
  expect(stdout).toContain(`Filesystem inode count:                       ${count + 2}`);
}, 60_000);

test('ErofsWriter refuses what shim unpack refuses', async () => {
  const file = (path: string): TreeOp => ({
    op: 'tree-file',
    path,
    mode: 0o100644,
    size: 0n,
    ...plain,
  });
  const link = (path: string, value: string): TreeOp => ({
    op: 'tree-symlink',
    path,
    value,
    ...plain,
  });
  const refused: [TreeOp[], string][] = [
    [[file('a'), file('a/b')], 'ENOTDIR'],
    [[link('a', 'b'), link('b', 'a'), file('a/c')], 'ELOOP'],
    [[{ op: 'tree-hardlink', path: 'a', value: 'nothing' }], 'ENOENT'],
    [
      [
        { op: 'tree-directory', path: 'd', mode: 0o40755, ...plain },
        { op: 'tree-hardlink', path: 'a', value: 'd' },
      ],
      'EPERM',
    ],
    [[file('.')], 'EISDIR'],
    [[{ op: 'tree-whiteout', path: '.' }], 'EISDIR'],
  ];
  for (const [ops, errno] of refused) await expect(imageOfOps(ops)).rejects.toThrow(errno);
});

test('ErofsWriter makes missing parents, and the same operations give the same bytes', async () => {
  const tar = members([{ path: 'a/b/c', content: 'x', mtimeNs: 77n }, { path: 'z/.wh.y' }]);
  const [one, two] = [await imageOf(tar), await imageOf(tar)];
  expect(readFileSync(one).equals(readFileSync(two))).toBe(true);
  expect((await listed(one)).filter((line) => line.includes('directory'))).toHaveLength(4);
});

test('ErofsWriter leaves a file that is no image until it is finished', async () => {
  const path = join(testDirectory(), 'half.erofs');
  const writer = await ErofsWriter.create(path);
  writer.take({ op: 'tree-file', path: 'a', mode: 0o100644, size: 3_000_000n, ...plain });
  writer.data(0, new Uint8Array(3_000_000));
  await writer.abort();
  mkdirSync(`${path}.d`);
  expect(spawnSync('fsck.erofs', [path]).status).not.toBe(0);
});
