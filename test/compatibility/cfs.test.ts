/** `tiffin cfs run`, as users of container from scratch know it, without its faults. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  must,
  type Result,
  type RunOptions,
  run,
  TestEngine,
  tiffinBinary,
  until,
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

test('tiffin cfs run takes a directory with names that are not UTF-8, and leaves out what is mounted below it', async () => {
  const place = join(engine.directory, 'strange');
  busyboxRoot(join(place, 'Box'));
  mkdirSync(join(place, 'Box/mnt'));
  const name = Buffer.concat([Buffer.from(`${place}/Box/root/`), Buffer.from([0x61, 0xff])]);
  writeFileSync(name, 'bytes\n');
  symlinkSync(Buffer.from([0x61, 0xff]), join(place, 'Box/root/link'));
  await must(['mount', '-t', 'tmpfs', 'none', join(place, 'Box/mnt')]);
  try {
    writeFileSync(join(place, 'Box/mnt/mounted'), 'x');
    const script = 'cat /root/a? /root/link; ls /mnt';
    const see = () => cfs(['run', '--images', place, 'Box', 'sh', '-c', script]);
    expect(await see()).toMatchObject({ stdout: 'bytes\nbytes\n', stderr: '' });
    writeFileSync(name, 'other\n');
    expect(await see()).toMatchObject({ stdout: 'other\nother\n', stderr: '' });
  } finally {
    await must(['umount', join(place, 'Box/mnt')]);
  }
});

test('tiffin cfs run at a terminal gives one to the command, where ^C ends what runs in it and not the shell', async () => {
  const line = `${tiffinBinary} -H unix://${engine.socket} cfs run --images ${folder} BusyBox sh`;
  const child = spawn('script', ['-qec', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  let screen = '';
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
  });
  await until('the shell asks', () => screen.includes('/ # '));
  // Only the program's own word says that the shell has given the terminal to it.
  child.stdin.write("sh -c 'echo up$((40+2)); exec sleep 1000'\n");
  await until('the program runs', () => screen.includes('up42'));
  child.stdin.write('\x03');
  child.stdin.write('echo after:$?; exit 5\n');
  expect(await ended).toBe(5);
  expect(screen).toContain('after:130');
});

test('tiffin cfs run without a terminal hands signals on, and ends with the command', async () => {
  const script = 'trap "exit 9" INT; echo up; while :; do sleep 0.1; done';
  const line = ['-H', `unix://${engine.socket}`, 'cfs', 'run', '--images', folder];
  const child = spawn(tiffinBinary, [...line, 'BusyBox', 'sh', '-c', script]);
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until('the command runs', () => said === 'up\n');
  child.kill('SIGINT');
  expect(await ended).toBe(9);
  expect(await engine.ok('ps', '-aq')).toBe('');
});

test('tiffin cfs run ends its command when nobody takes the output any more', async () => {
  const line = `${tiffinBinary} -H unix://${engine.socket} cfs run BusyBox sh -c`;
  const endless = `${line} 'while :; do echo y; done'`;
  const env = { CFS_IMAGES: folder };
  expect((await run(['sh', '-c', `${endless} | head -n 1`], { env })).stdout).toBe('y\n');
  await until('nothing runs', async () => (await engine.ok('ps', '-aq')) === '');
});

test('tiffin cfs run limits memory, processors and processes by cgroups', async () => {
  const limits = [
    '--memory',
    '64m',
    '--cpus',
    '0.5',
    '--pids-limit',
    '20',
    '--blkio-weight',
    '300',
  ];
  const container = ['BusyBox', 'sh', '-c', 'echo up; cat'];
  const line = ['-H', `unix://${engine.socket}`, 'cfs', 'run', '--images', folder];
  const child = spawn(tiffinBinary, [...line, ...limits, ...container]);
  const ended = new Promise<number | null>((done) => child.once('exit', done));
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until('the command runs', () => said === 'up\n');
  const fields = ['Memory', 'NanoCpus', 'PidsLimit', 'BlkioWeight'];
  const format = fields.map((field) => `{{.HostConfig.${field}}}`).join(' ');
  const id = await engine.ok('ps', '-q');
  expect(await engine.ok('inspect', '-f', format, id)).toBe('67108864 500000000 20 300');
  child.stdin.end();
  expect(await ended).toBe(0);
  const hungry = await cfs(['run', '--memory', '16m', 'BusyBox', 'sh', '-c', 'tail /dev/zero']);
  expect(hungry.status).toBe(137);
});

test('tiffin cfs run gives a container a network of its own and hides where its cgroups are', async () => {
  const { stdout } = await cfs(['run', 'BusyBox', 'ip', '-o', 'addr']);
  expect(stdout).toContain(' lo ');
  expect(stdout).toMatch(/eth0 .*inet (?:172|192|10)\./);
  const groups = await cfs(['run', 'BusyBox', 'cat', '/proc/self/cgroup']);
  // Of its own cgroups it sees the root: the namespace hides where they are.
  expect(
    groups.stdout
      .trim()
      .split('\n')
      .every((line) => line.endsWith(':/')),
  ).toBe(true);
});
