/** `tiffin cfs run`, as users of container from scratch know it, without its faults. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Result,
  type RunOptions,
  run,
  TestEngine,
  tiffinBinary,
} from '../integration/harness.ts';
import { busyboxRoot } from './cfs-images.ts';

let engine: TestEngine;
let folder: string;

beforeAll(async () => {
  engine = await TestEngine.start();
  folder = join(engine.directory, 'OSimages');
  for (const name of ['BusyBox', 'TinyCore', 'SlitazOS']) busyboxRoot(join(folder, name));
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** `tiffin cfs …` on the test's engine and folder. */
function cfs(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return engine.tiffin(['cfs', ...args], {
    ...options,
    env: { CFS_IMAGES: folder, ...options.env },
  });
}

async function images(): Promise<string[]> {
  const lines = await engine.ok('images', '--format', '{{.Repository}}:{{.Tag}}');
  return lines.split('\n').filter((line) => line.startsWith('tiffin-cfs/'));
}

test('tiffin cfs tells its version and its commands with their short names', async () => {
  expect((await cfs(['--version'])).stdout).toBe('CFS version 0.0.2\n');
  expect((await cfs(['-v'])).stdout).toBe('CFS version 0.0.2\n');
  for (const words of [[], ['--help'], ['-h'], ['help'], ['h']]) {
    const { stdout, status } = await cfs(words);
    expect(status).toBe(0);
    for (const part of ['CFS', '0.0.2', 'run, r', 'server, s', 'help, h', '--version, -v']) {
      expect(stdout).toContain(part);
    }
  }
  expect((await cfs(['help', 'run'])).stdout).toContain('Usage:  tiffin cfs run');
  expect((await cfs(['h', 's'])).stdout).toContain('Usage:  tiffin cfs server');
});

test('tiffin cfs run gives the output of the three commands of the README', async () => {
  const listing = await cfs(['run', 'TinyCore', 'ls']);
  expect(listing.stdout.split('\n')).toContain('bin');
  expect((await cfs(['run', 'SlitazOS', 'whoami'])).stdout).toBe('root\n');
  expect((await cfs(['r', 'BusyBox', 'pwd'])).stdout).toBe('/\n');
});

test('tiffin cfs run --trace prints the three lines of cfs, and none without it', async () => {
  expect((await cfs(['run', '--trace', 'TinyCore', 'pwd'])).stdout).toBe(
    '[./cfs run TinyCore pwd]\n[/proc/self/exe newroot TinyCore pwd]\n[TinyCore pwd]\n/\n',
  );
  expect((await cfs(['run', 'TinyCore', 'pwd'])).stdout).toBe('/\n');
});

test('tiffin cfs run hands standard input on', async () => {
  const { stdout } = await cfs(['run', 'BusyBox', 'cat'], { input: 'typed\n' });
  expect(stdout).toBe('typed\n');
});

test('tiffin cfs run takes dashes after the image as the command has them, also behind --', async () => {
  for (const words of [
    ['run', 'BusyBox', 'ls', '-la', '/'],
    ['run', 'BusyBox', '--', 'ls', '-la', '/'],
    ['run', '--', 'BusyBox', 'ls', '-la', '/'],
  ]) {
    const { stdout, status } = await cfs(words);
    expect(status).toBe(0);
    expect(stdout).toContain('drwxr-xr-x');
  }
});

test('tiffin cfs run ends as the command ended', async () => {
  expect((await cfs(['run', 'BusyBox', 'true'])).status).toBe(0);
  expect((await cfs(['run', 'BusyBox', 'sh', '-c', 'exit 7'])).status).toBe(7);
  expect((await cfs(['run', 'BusyBox', 'sh', '-c', 'kill -9 $$; exit 3'])).status).toBe(3);
  const missing = await cfs(['run', 'BusyBox', 'no-such-command']);
  expect(missing.status).toBe(127);
  expect(missing.stderr).toContain('"no-such-command"');
  expect((await cfs(['run', 'BusyBox', '/etc/passwd'])).status).toBe(126);
  expect(await engine.ok('ps', '-aq')).toBe('');
});

test('tiffin cfs says what is wrong with a command line', async () => {
  const unknown = await cfs(['bogus']);
  expect(unknown).toMatchObject({ status: 3, stderr: "No help topic for 'bogus'\n" });
  expect((await cfs(['help', 'bogus'])).status).toBe(3);
  for (const words of [['run'], ['run', 'BusyBox'], ['run', 'BusyBox', '--']]) {
    const { status, stderr } = await cfs(words);
    expect(status).not.toBe(0);
    expect(stderr).toContain('cfs run');
  }
  const flag = await cfs(['--bogus']);
  expect(flag.status).toBe(125);
  expect(flag.stderr).toContain('unknown flag: --bogus');
});

test.each(['newroot', 'n', 'child', 'c'])(
  'tiffin cfs %s is refused with the name of what does it now',
  async (word) => {
    const { status, stdout, stderr } = await cfs([word, 'BusyBox', 'ls']);
    expect(status).toBe(125);
    expect(stdout).toBe('');
    expect(stderr).toContain("superseded: 'tiffin cfs run'");
  },
);

test('tiffin cfs run finds images in ./OSimages, in $CFS_IMAGES and in --images, in this order of weight', async () => {
  const shell = (script: string) => run(['sh', '-c', script], { env: { CFS_IMAGES: '' } });
  const tiffin = `${tiffinBinary} -H unix://${engine.socket} cfs run`;
  const here = await shell(`cd ${engine.directory} && ${tiffin} BusyBox pwd`);
  expect(here.stdout).toBe('/\n');
  const elsewhere = join(engine.directory, 'other');
  busyboxRoot(join(elsewhere, 'Mine'));
  expect((await cfs(['run', '--images', elsewhere, 'Mine', 'pwd'])).stdout).toBe('/\n');
  const none = await shell(`cd / && ${tiffin} BusyBox pwd`);
  expect(none.status).toBe(125);
  expect(none.stderr).toContain('cannot read the folder of images ./OSimages');
});

test.each(['../BusyBox', '..', '.', '', '/etc', 'BusyBox/', 'a/b', 'busybox', 'BusyBo'])(
  'tiffin cfs run refuses the image name %p',
  async (name) => {
    const { status, stderr } = await cfs(['run', name, 'ls']);
    expect(status).toBe(125);
    expect(stderr).toMatch(/invalid image name|no image /);
  },
);

test('tiffin cfs run writes nothing into the folder of images (copy-on-write)', async () => {
  const before = readdirSync(join(folder, 'BusyBox'), { recursive: true }).toSorted();
  const script = 'echo x > /new; rm /etc/passwd; echo y > /etc/more; ls /new';
  expect((await cfs(['run', 'BusyBox', 'sh', '-c', script])).stdout).toBe('/new\n');
  expect(readdirSync(join(folder, 'BusyBox'), { recursive: true }).toSorted()).toEqual(before);
  expect((await cfs(['run', 'BusyBox', 'ls', '/new'])).status).toBe(1);
});

test('tiffin cfs run gives each namespace of its own, root inside and nothing of the environment', async () => {
  const types = ['pid', 'mnt', 'net', 'uts', 'ipc', 'cgroup'];
  const links = types.map((type) => `/proc/self/ns/${type}`);
  const inside = await cfs([
    'run',
    'BusyBox',
    'sh',
    '-c',
    `for l in ${links.join(' ')}; do readlink $l; done`,
  ]);
  const outside = await run(['readlink', ...links]);
  const [own, hosts] = [inside.stdout, outside.stdout].map((text) => text.trim().split('\n'));
  expect(own).toHaveLength(types.length);
  for (const [at, link] of (own ?? []).entries()) expect(link).not.toBe(hosts?.[at] ?? '');
  const { stdout } = await cfs(
    ['run', 'BusyBox', 'sh', '-c', 'echo $$ [$SECRET]; id -u; hostname'],
    {
      env: { SECRET: 'told' },
    },
  );
  expect(stdout).toMatch(/^1 \[\]\n0\n[0-9a-f]{12}\n$/);
});

test('tiffin cfs run imports a root file system once, and again when it has changed', async () => {
  const place = join(engine.directory, 'changing');
  busyboxRoot(join(place, 'Box'));
  const see = () => cfs(['run', '--images', place, 'Box', 'ls', '/root']);
  expect((await see()).stdout).toBe('');
  const known = await images();
  expect((await see()).stdout).toBe('');
  expect(await images()).toEqual(known);
  writeFileSync(join(place, 'Box/root/more'), 'x');
  expect((await see()).stdout).toBe('more\n');
  const after = await images();
  expect(after).toHaveLength(known.length);
  expect(after).not.toEqual(known);
  // The time of a file can be set back, that of its last change cannot.
  writeFileSync(join(place, 'Box/root/more'), 'y');
  utimesSync(join(place, 'Box/root/more'), 1, 1);
  expect((await cfs(['run', '--images', place, 'Box', 'cat', '/root/more'])).stdout).toBe('y');
});
