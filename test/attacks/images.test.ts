/** Hostile images: links where the engine mounts, files that are none, configurations that no builder writes. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { hostState, leftBehind, TestEngine, until } from '../integration/harness.ts';
import { PROBE, RACER } from './programs.ts';
import { compile, loadImage, mustLoad } from './support.ts';

let engine: TestEngine;
let before: string[];
const WAIT = { timeoutMs: 15_000 };

beforeAll(async () => {
  engine = await TestEngine.start();
  await compile(RACER, join(engine.directory, 'racer'));
  await compile(PROBE, join(engine.directory, 'probe'));
  await mustLoad(engine, 'attack', {
    build: (root) => {
      copyFileSync(join(engine.directory, 'racer'), join(root, 'bin/racer'));
      copyFileSync(join(engine.directory, 'probe'), join(root, 'bin/probe'));
    },
  });
  // What a lookup would find if it left the container: «user» is root there.
  writeFileSync(join(engine.directory, 'rootlike'), 'user:x:0:0::/:/bin/sh\n');
  await engine.ok('run', '--rm', 'attack', 'true');
  before = await hostState();
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** A host directory that a container gets at /v. */
function shared(name: string): string {
  const path = join(engine.directory, name);
  mkdirSync(path);
  return path;
}

for (const name of ['dev', 'proc', 'sys']) {
  test(`an image whose /${name} is a link is refused, and nothing is made where it leads (CVE-2026-41579)`, async () => {
    const host = shared(`leads-${name}`);
    for (const value of [`/v/${name}`, `../../../../..${host}`]) {
      await mustLoad(engine, `linked-${name}`, {
        build: (root) => {
          rmSync(join(root, name), { recursive: true });
          symlinkSync(value, join(root, name));
        },
      });
      const args = ['run', '--rm', '-v', `${host}:/v`, `linked-${name}`, 'true'];
      const result = await engine.tiffin(args, WAIT);
      expect(result.status).toBe(125);
      expect(result.stderr).toContain(`/${name}`);
      expect(readdirSync(host)).toEqual([]);
    }
  });
}

test('links at /dev/null, /dev/pts, /etc/hosts and /etc/resolv.conf stay inside the container', async () => {
  const host = shared('outward');
  writeFileSync(join(host, 'secret'), 'secret');
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
  await mustLoad(engine, 'outward', {
    build: (root) => {
      symlinkSync(`../../../../..${host}/secret`, join(root, 'dev/null'));
      symlinkSync(`../../../../..${host}`, join(root, 'dev/pts'));
      symlinkSync(`../../../../../..${host}/made`, join(root, 'etc/hosts'));
      symlinkSync('/proc/sys/kernel/core_pattern', join(root, 'etc/resolv.conf'));
      symlinkSync(`${host}/hostname`, join(root, 'etc/hostname'));
    },
  });
  const script = 'echo "|/evil" > /proc/sys/kernel/core_pattern; cat /dev/null; echo end';
  const result = await engine.tiffin(['run', '--rm', 'outward', 'sh', '-c', script], WAIT);
  expect(result).toMatchObject({ stdout: 'end\n' });
  expect(result.stderr).toContain('Read-only file system');
  expect(readdirSync(host)).toEqual(['secret']);
  expect(readFileSync(join(host, 'secret'), 'utf8')).toBe('secret');
  expect(readFileSync('/proc/sys/kernel/core_pattern', 'utf8')).toBe(pattern);
});

test('an image with VOLUMEs over /proc and /sys gets no way around what is masked', async () => {
  const volumes = [
    '/proc/sys',
    '/proc/kcore',
    '/sys/firmware',
    '/proc/self/attr',
    '/sys/fs/cgroup',
  ];
  await mustLoad(engine, 'covering', {
    config: { Volumes: Object.fromEntries(volumes.map((path) => [path, {}])) },
  });
  const script = 'cat /proc/mounts; echo 0 > /proc/sys/kernel/panic; echo b > /proc/sysrq-trigger';
  const result = await engine.tiffin(['run', '--rm', 'covering', 'sh', '-c', script], WAIT);
  // Started or refused; if it started, then nothing of the kernel is writable at its place or at another.
  const kernel = result.stdout.split('\n').filter((line) => /^(sysfs|cgroup\d?) /.test(line));
  for (const line of kernel) expect(line).toMatch(/ ro[, ]/);
  expect(result.status).not.toBe(0);
});

const PASSWD: { name: string; place: (path: string) => void }[] = [
  { name: 'a fifo', place: (path) => execFileSync('mkfifo', [path]) },
  { name: 'a terminal', place: (path) => execFileSync('mknod', [path, 'c', '5', '0']) },
  { name: 'a device without end', place: (path) => execFileSync('mknod', [path, 'c', '1', '5']) },
  { name: 'a file of 4 GiB', place: (path) => execFileSync('truncate', ['-s', '4G', path]) },
  {
    name: 'a link outwards',
    place: (path) => symlinkSync(`../../../../..${engine.directory}/rootlike`, path),
  },
  { name: 'a link to a descriptor', place: (path) => symlinkSync('/proc/self/fd/0', path) },
  { name: 'a directory', place: (path) => mkdirSync(path) },
];

for (const file of ['passwd', 'group']) {
  for (const { name, place } of PASSWD) {
    test(`/etc/${file} as ${name} ends the start at once and never gives root (CVE-2024-9676)`, async () => {
      await mustLoad(engine, 'odd-passwd', {
        build: (root) => {
          rmSync(join(root, 'etc', file));
          place(join(root, 'etc', file));
        },
      });
      const args = [
        'run',
        '--rm',
        '-u',
        file === 'passwd' ? 'user' : '1000:user',
        'odd-passwd',
        'id',
        '-u',
      ];
      const result = await engine.tiffin(args, WAIT);
      expect(result.status).toBe(125);
      expect(result.stdout).toBe('');
    });
  }
}

const CONFIGS: { name: string; config: object }[] = [
  ...[
    '4294967296',
    '4294967295',
    '18446744073709551616',
    '-1',
    '+0',
    '0x0',
    'root\n',
    ' 0',
    '0:0:0',
    '1000:4294967296',
    'nobody:nowhere',
  ].map((User) => ({ name: `User ${JSON.stringify(User)}`, config: { User } })),
  { name: 'a relative WorkingDir', config: { WorkingDir: '../../etc' } },
  { name: 'a WorkingDir behind a descriptor', config: { WorkingDir: '/proc/self/fd/7' } },
  { name: 'a NUL in Env', config: { Env: ['A=b\0C=d'] } },
  { name: 'a NUL in Cmd', config: { Cmd: ['sh\0x'] } },
  { name: 'a relative VOLUME', config: { Volumes: { '../../etc': {} } } },
  { name: 'a VOLUME over everything', config: { Volumes: { '/a/..': {} } } },
  {
    name: 'an exposed port that is none',
    config: { ExposedPorts: JSON.parse('{"__proto__":{}}') },
  },
  { name: 'a User that is no text', config: { User: { toString: 'root' } } },
  { name: 'an environment of 12 MB', config: { Env: Array(3000).fill(`A=${'x'.repeat(4000)}`) } },
];

for (const { name, config } of CONFIGS) {
  test(`an image with ${name} is refused by load or by run`, async () => {
    const loaded = await loadImage(engine, 'odd-config', { config });
    if (loaded.status !== 0) {
      expect(loaded.stderr).not.toBe('');
      return;
    }
    const result = await engine.tiffin(['run', '--rm', 'odd-config', 'id', '-u'], WAIT);
    expect(result.stdout).toBe('');
    expect([125, 126, 127]).toContain(result.status);
  });
}

test('labels named __proto__ and paths with .. in an image are plain names', async () => {
  const Labels = JSON.parse('{"__proto__":"evil","constructor":"evil"}');
  await mustLoad(engine, 'plain-names', { config: { Labels, Volumes: { '/a/../../data': {} } } });
  const id = await engine.ok('create', 'plain-names', 'true');
  expect(JSON.parse(await engine.ok('inspect', '-f', '{{json .Config.Labels}}', id))).toEqual(
    Labels,
  );
  expect(await engine.ok('inspect', '-f', '{{(index .Mounts 0).Destination}}', id)).toBe('/data');
  expect(({} as Record<string, unknown>).evil).toBeUndefined();
  await engine.ok('rm', '-v', id);
});

test('a container of an image with an unknown stop signal and an endless health interval can be stopped', async () => {
  const Healthcheck = { Test: ['CMD', 'true'], Interval: 9e15 };
  await mustLoad(engine, 'endless', { config: { StopSignal: 'SIGKILL; rm -rf /', Healthcheck } });
  const id = await engine.ok('run', '-d', '--init', 'endless', 'sleep', '1000');
  await engine.ok('exec', id, 'true');
  await engine.ok('exec', id, 'true');
  expect(await engine.ok('inspect', '-f', '{{.State.Health.Status}}', id)).toBe('starting');
  await engine.ok('restart', '-t', '5', id);
  await engine.ok('kill', id);
  await engine.ok('rm', '-f', id);
});

test('the first content of a volume takes no more room than the image has data', async () => {
  const free = () => {
    const { bavail, bsize } = statfsSync(engine.dataRoot);
    return bavail * bsize;
  };
  await mustLoad(engine, 'sparse', {
    config: { Volumes: { '/data': {} } },
    build: (root) => {
      mkdirSync(join(root, 'data'));
      execFileSync('truncate', ['-s', '4G', join(root, 'data/big')]);
      const tail = ['of=data/big', 'bs=1', 'seek=4000000000', 'conv=notrunc', 'status=none'];
      execFileSync('dd', tail, { cwd: root, input: 'tail' });
    },
  });
  const room = free();
  const script = 'stat -c %s /data/big; dd if=/data/big bs=1 skip=4000000000 count=4 2>/dev/null';
  const result = await engine.tiffin(['run', '--rm', 'sparse', 'sh', '-c', script], WAIT);
  expect(result.stdout).toBe(`${4 * 1024 ** 3}\ntail`);
  expect(room - free()).toBeLessThan(512 * 1024 * 1024);
});

test('a tree deeper than any path can name is removed with its container and volume', async () => {
  const args = [
    'run',
    '--rm',
    '-v',
    '/x',
    'attack',
    'sh',
    '-c',
    'probe deep /x 3000 && probe deep /tmp 3000',
  ];
  expect((await engine.tiffin(args, { timeoutMs: 30_000 })).status).toBe(0);
  await until('the trash is empty', () => readdirSync(join(engine.dataRoot, 'trash')).length === 0);
});

test('mount targets on a shared volume that are exchanged with links all the time never reach the host', async () => {
  const host = shared('raced');
  const decoy = shared('decoy');
  const volume = shared('volume');
  mkdirSync(join(volume, 'place/below'), { recursive: true });
  symlinkSync(`../../../../../../..${host}`, join(volume, 'link'));
  const racer = await engine.ok(
    'run',
    '-d',
    '-v',
    `${volume}:/v`,
    'attack',
    'racer',
    '/v',
    'place',
    'link',
  );
  await until('the racer races', async () => (await engine.ok('logs', racer)).includes('racing'));
  const targets = ['/v/place', '/v/place/below', '/v/place/new/deep'];
  const mounts = targets.flatMap((target) => ['-v', `${decoy}:${target}`]);
  let started = 0;
  for (let round = 0; round < 25; round += 1) {
    const options = [
      '-v',
      `${volume}:/v`,
      ...mounts,
      '--tmpfs',
      '/v/place/tmpfs',
      '-w',
      '/v/place/made/cwd',
    ];
    const result = await engine.tiffin(['run', '--rm', ...options, 'attack', 'true'], WAIT);
    if (result.status === 0) started += 1;
    else expect(result.status).toBeGreaterThanOrEqual(125);
  }
  expect(started).toBeGreaterThan(0);
  await engine.ok('rm', '-f', racer);
  expect(readdirSync(host)).toEqual([]);
  expect(existsSync(join(engine.directory, 'place'))).toBe(false);
}, 60_000);

test('nothing of all these attacks is left on the host', async () => {
  expect(await leftBehind(before)).toEqual([]);
  expect(engine.said).not.toContain('defect');
});
