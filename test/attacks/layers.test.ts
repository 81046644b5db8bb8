/** Hostile archives by every way in: load, import, ADD, a build's context, cp. Each is refused, or its effect stays inside. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sha256Digest } from '../../src/spec/digest.ts';
import {
  archive,
  members,
  paxText,
  rawHeader,
  rawMember,
} from '../../src/store/testing/tar-bytes.ts';
import { must, type Result, TestEngine } from '../integration/harness.ts';

let engine: TestEngine;
/** On the host; its content must never change. */
let outside: string;

beforeAll(async () => {
  engine = await TestEngine.start();
  outside = join(engine.directory, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'victim'), 'untouched', { mode: 0o600 });
  await engine.ok('run', '-d', '--name', 'target', 'starter', 'sleep', '1000');
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** Ways of an archive into the engine; each gives the answer of the command. */
const WAYS: Record<string, (tar: Uint8Array) => Promise<Result>> = {
  load: (tar) => engine.tiffin(['load'], { input: asImage(tar) }),
  import: (tar) => engine.tiffin(['import', '-', 'hostile:import'], { input: tar }),
  ADD: (tar) => {
    const context = join(engine.directory, 'context');
    mkdirSync(context, { recursive: true });
    writeFileSync(join(context, 'hostile.tar'), tar);
    writeFileSync(join(context, 'Dockerfile'), 'FROM starter\nADD hostile.tar /\n');
    return engine.tiffin(['build', '-q', '-t', 'hostile:add', context]);
  },
  context: (tar) => {
    const file = members([{ path: 'Dockerfile', content: 'FROM starter\nCOPY . /\n' }]);
    const input = Buffer.concat([file.subarray(0, file.length - 1024), tar]);
    return engine.tiffin(['build', '-q', '-t', 'hostile:context', '-'], { input });
  },
  cp: (tar) => engine.tiffin(['cp', '-', 'target:/'], { input: tar }),
};

function asImage(tar: Uint8Array): Uint8Array {
  const diffIds = [sha256Digest(tar)];
  const config = {
    architecture: arch(),
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
  const layers = ['layer.tar'];
  const manifest = [{ Config: 'config.json', RepoTags: ['hostile:load'], Layers: layers }];
  const layer = rawMember('0', 'layer.tar', tar);
  return Buffer.concat([
    rawMember('0', 'manifest.json', JSON.stringify(manifest)),
    rawMember('0', 'config.json', JSON.stringify(config)),
    archive(layer),
  ]);
}

function arch(): string {
  return process.arch === 'arm64' ? 'arm64' : 'amd64';
}

interface Hostile {
  name: string;
  tar: () => Uint8Array;
  /** Refused by every way; otherwise either will do. */
  refused?: boolean;
}

const link = (path: string, value: string) => ({ path, kind: 'symlink', link: value }) as const;
const evil = (path: string) => ({ path, content: 'evil' });

const CORPUS: Hostile[] = [
  { name: 'a path with ..', refused: true, tar: () => members([evil('../victim')]) },
  { name: 'a path with .. inside', refused: true, tar: () => members([evil('x/../../victim')]) },
  { name: 'an absolute path', tar: () => members([evil(`${outside}/victim`)]) },
  {
    name: 'a link and a file below it',
    tar: () => members([link('l', outside), evil('l/victim'), evil('l/new')]),
  },
  {
    name: 'a relative link and a file below it',
    tar: () => members([link('m', `../../../../../../../..${outside}`), evil('m/victim')]),
  },
  {
    name: 'a link and a file in its place',
    tar: () => members([link('n', `${outside}/victim`), evil('n')]),
  },
  {
    name: 'a link in the place of the root (CVE-2021-29136)',
    refused: true,
    tar: () => members([link('.', outside), evil('victim')]),
  },
  {
    name: 'a link and a directory whose mode is set through it (CVE-2021-32760)',
    tar: () => members([link('o', outside), { path: 'o', kind: 'directory', mode: 0o777 }]),
  },
  {
    name: 'a hard link to a file outside',
    tar: () =>
      members([{ path: 'h', kind: 'hardlink', link: `${outside}/victim`, mode: 0o777 }, evil('h')]),
  },
  {
    name: 'a hard link with ..',
    refused: true,
    tar: () => members([{ path: 'h', kind: 'hardlink', link: `../../../..${outside}/victim` }]),
  },
  {
    name: 'a hard link to a link, then written to',
    tar: () =>
      members([
        link('p', `${outside}/victim`),
        { path: 'q', kind: 'hardlink', link: 'p' },
        evil('q'),
      ]),
  },
  {
    name: 'a hard link to itself',
    refused: true,
    tar: () => members([{ path: 'self', kind: 'hardlink', link: 'self' }]),
  },
  {
    name: 'whiteouts through a link',
    tar: () => members([link('w', outside), evil('w/.wh.victim')]),
  },
  { name: 'a name of 300 bytes', refused: true, tar: () => members([evil('n'.repeat(300))]) },
  { name: 'a path of 6000 bytes', refused: true, tar: () => members([evil('dir/'.repeat(1500))]) },
  {
    name: 'a path of a megabyte in an extended header',
    refused: true,
    tar: () => archive(rawMember('x', 'x', paxText({ path: 'a/'.repeat(400_000) })), rawHeader({})),
  },
  {
    name: 'a file of 8 EiB that ends at once',
    refused: true,
    tar: () =>
      rawHeader({
        name: 'big',
        size: Uint8Array.of(128, 0, 0, 0, 127, 255, 255, 255, 255, 255, 255, 255),
      }),
  },
  {
    name: 'an owner beyond 32 bits',
    refused: true,
    tar: () =>
      archive(rawMember('x', 'x', paxText({ uid: '4294967296' })), rawHeader({ name: 'u' })),
  },
  {
    name: 'an extended header larger than any is',
    refused: true,
    tar: () => archive(rawHeader({ type: 'x', name: 'x', size: '77777777777' })),
  },
];

for (const { name, tar, refused } of CORPUS) {
  test(`an archive with ${name} changes nothing outside, by no way in`, async () => {
    for (const [way, send] of Object.entries(WAYS)) {
      const result = await send(tar());
      if (refused && result.status === 0) {
        // What has no header that can be read is no archive to ADD, and arrives as the file that it is.
        expect(way).toBe('ADD');
        await engine.ok('run', '--rm', 'hostile:add', 'test', '-f', '/hostile.tar');
      }
      if (result.status !== 0) expect(result.stderr.trim()).not.toBe('');
      expect(readdirSync(outside)).toEqual(['victim']);
      expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('untouched');
      expect(statSync(join(outside, 'victim'))).toMatchObject({ nlink: 1, mode: 0o100600 });
    }
    expect(readdirSync('/').includes('victim')).toBe(false);
  }, 60_000);
}

test('setuid bits and owners arrive as the archive has them, on hard links too, by every way in', async () => {
  const own = { uid: 1234, gid: 4321 };
  const tar = members([
    { path: 'suid/', kind: 'directory', mode: 0o3777, ...own },
    { path: 'suid/file', content: 'x', mode: 0o6755, ...own },
    { path: 'suid/again', kind: 'hardlink', link: 'suid/file' },
  ]);
  const wanted = ['3777 1234 4321', '6755 1234 4321', '6755 1234 4321'].join('\n');
  const look = 'cd /suid; stat -c "%a %u %g" . file again';
  expect(await WAYS.ADD?.(tar)).toMatchObject({ status: 0 });
  expect(await engine.ok('run', '--rm', 'hostile:add', 'sh', '-c', look)).toBe(wanted);
  expect(await WAYS.cp?.(tar)).toMatchObject({ status: 0 });
  expect(await engine.ok('exec', 'target', 'sh', '-c', look)).toBe(wanted);
  expect(await WAYS.import?.(tar)).toMatchObject({ status: 0 });
  const box = await engine.ok('create', 'hostile:import', 'none');
  const exported = join(engine.directory, 'exported.tar');
  await engine.ok('export', '-o', exported, box);
  const listed = Bun.spawnSync(['tar', '--numeric-owner', '-tvf', exported]).stdout.toString();
  expect(listed).toMatch(/^drwxrws?rwt 1234\/4321 .* suid\/$/m);
  expect(listed).toMatch(/^-rwsr-sr-x 1234\/4321 .* suid\/(file|again)$/m);
  await engine.ok('rm', box);
});

test('a device of an image is a node that no container may open', async () => {
  const tar = members([
    { path: 'disk', kind: 'block', major: 7, minor: 0, mode: 0o666 },
    { path: 'log', kind: 'character', major: 1, minor: 11, mode: 0o666 },
  ]);
  expect(await WAYS.ADD?.(tar)).toMatchObject({ status: 0 });
  const look = 'for n in /disk /log; do head -c 1 $n 2>&1 | grep -c "not permitted"; done';
  expect(await engine.ok('run', '--rm', 'hostile:add', 'sh', '-c', look)).toBe('1\n1');
  // A context has none: its sender could be anybody.
  expect(await WAYS.context?.(tar)).toMatchObject({ status: 0 });
  expect(await engine.ok('run', '--rm', 'hostile:context', 'ls', '/')).not.toMatch(/disk|log/);
});

test('names with line feeds, escapes and quotes are names, and reach the terminal of nobody raw', async () => {
  const tar = members([evil('a\nb'), evil('\u001b[2J'), evil('$(touch x)`"')]);
  expect(await WAYS.ADD?.(tar)).toMatchObject({ status: 0 });
  expect(await engine.ok('run', '--rm', 'hostile:add', 'sh', '-c', 'cat "/a\nb"')).toBe('evil');
  const refused = await WAYS.import?.(members([evil('../\u001b[2J')]));
  expect(refused?.stderr).toContain('leads out');
  expect(refused?.stderr).not.toContain('\u001b');
});

test('an image archive of more files than any has is refused before it has made them all', async () => {
  const empty = rawHeader({ name: 'blobs/x' });
  const result = await engine.tiffin(['load'], { input: Buffer.concat(Array(20_000).fill(empty)) });
  expect(result.status).not.toBe(0);
  expect(result.stderr).toContain('more than 16384 members');
}, 60_000);

test('bombs end before the disk is full, the engine goes on, and nothing of them stays', async () => {
  const small = new TestEngine();
  await must(['mount', '-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', small.directory]);
  try {
    await small.serve();
    const bomb = gzipSync(archive(rawMember('0', 'zeros', new Uint8Array(200 * 1024 * 1024))));
    const context = join(engine.directory, 'bomb');
    mkdirSync(context);
    writeFileSync(join(context, 'bomb.tar.gz'), bomb);
    writeFileSync(join(context, 'Dockerfile'), 'FROM starter\nADD bomb.tar.gz /\n');
    const image = asImage(bomb);
    for (const [args, input] of [
      [['load'], image],
      [['import', '-', 'bomb'], bomb],
      [['build', '-q', context], undefined],
    ] as const) {
      const result = await small.tiffin([...args], input === undefined ? {} : { input });
      expect(result.status).not.toBe(0);
      expect(result.stderr).toContain('no space left on device');
      expect(await small.ok('run', '--rm', 'starter', 'echo', 'on')).toBe('on');
    }
    await small.ok('system', 'prune', '-a', '-f');
    const free = statfsSync(small.directory);
    expect((free.bfree * free.bsize) / 1024 / 1024).toBeGreaterThan(80);
  } finally {
    await small.stop();
    await must(['umount', '-l', small.directory]);
    rmSync(small.directory, { recursive: true });
  }
}, 60_000);

test('after all of them the store is whole, and the engine has no defect to tell', async () => {
  await engine.ok('rm', '-f', 'target');
  await engine.ok('system', 'prune', '-a', '-f', '--volumes');
  expect(await engine.tiffin(['system', 'fsck'])).toMatchObject({ status: 0 });
  expect(engine.said).not.toContain('defect');
});
