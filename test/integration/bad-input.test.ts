/** Wrong input: a message with the operand and the cure, the right exit code, and nothing left. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostState, leftBehind, type Result, run, TestEngine, tiffinBinary } from './harness.ts';

let engine: TestEngine;
let before: string[];
let programs: string;

beforeAll(async () => {
  engine = await TestEngine.start();
  await engine.ok('run', '--rm', 'starter', 'true');
  programs = join(engine.directory, 'programs');
  mkdirSync(programs);
  program('no-interpreter', '#!/no/such/shell\necho hi\n');
  program('carriage-return', '#!/bin/sh\r\necho hi\r\n');
  program('not-executable', '#!/bin/sh\necho hi\n', 0o644);
  program('nothing', 'neither a script nor a program');
  program('arm64', armProgram());
  before = await hostState();
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const bind = () => ['-v', `${programs}:/p`];

const cases: { name: string; args: () => string[]; status: number; says: string[] }[] = [
  {
    name: 'missing program',
    args: () => ['run', '--rm', 'starter', 'no-such-program'],
    status: 127,
    says: ['no-such-program', 'not found in $PATH'],
  },
  {
    name: 'missing path',
    args: () => ['run', '--rm', 'starter', '/no/such'],
    status: 127,
    says: ['/no/such'],
  },
  {
    name: 'missing interpreter',
    args: () => ['run', '--rm', ...bind(), 'starter', '/p/no-interpreter'],
    status: 127,
    says: ['/p/no-interpreter', '/no/such/shell'],
  },
  {
    name: 'carriage return after the interpreter',
    args: () => ['run', '--rm', ...bind(), 'starter', '/p/carriage-return'],
    status: 127,
    says: ['/p/carriage-return', 'Windows line ends'],
  },
  {
    name: 'not executable',
    args: () => ['run', '--rm', ...bind(), 'starter', '/p/not-executable'],
    status: 126,
    says: ['/p/not-executable', 'permission denied'],
  },
  {
    name: 'a directory',
    args: () => ['run', '--rm', 'starter', '/etc'],
    status: 126,
    says: ['/etc'],
  },
  {
    name: 'no program format',
    args: () => ['run', '--rm', ...bind(), 'starter', '/p/nothing'],
    status: 126,
    says: ['/p/nothing', 'exec format error'],
  },
  {
    name: 'wrong architecture',
    args: () => ['run', '--rm', ...bind(), 'starter', '/p/arm64'],
    status: 126,
    says: ['/p/arm64', 'exec format error'],
  },
  {
    name: 'unknown user',
    args: () => ['run', '--rm', '-u', 'nobody-knows', 'starter', 'true'],
    status: 125,
    says: ['nobody-knows', 'passwd'],
  },
  {
    name: 'user id out of range',
    args: () => ['run', '--rm', '-u', '4294967296', 'starter', 'true'],
    status: 125,
    says: ['4294967296'],
  },
  {
    name: 'working directory that is a file',
    args: () => ['run', '--rm', '-w', '/etc/passwd', 'starter', 'true'],
    status: 125,
    says: ['/etc/passwd'],
  },
  {
    name: 'relative working directory',
    args: () => ['run', '--rm', '-w', 'etc', 'starter', 'true'],
    status: 125,
    says: ['etc'],
  },
  {
    name: 'no such image',
    args: () => ['run', '--rm', '--pull', 'never', 'no-such-image', 'true'],
    status: 125,
    says: ['no-such-image'],
  },
  {
    name: 'invalid reference',
    args: () => ['run', '--rm', 'Upper/Case', 'true'],
    status: 125,
    says: ['lowercase'],
  },
  {
    name: 'unknown flag',
    args: () => ['run', '--no-such-flag', 'starter'],
    status: 125,
    says: ['unknown flag: --no-such-flag'],
  },
  {
    name: 'bad memory size',
    args: () => ['run', '--rm', '-m', 'much', 'starter', 'true'],
    status: 125,
    says: ['much'],
  },
  {
    name: 'bad port',
    args: () => ['run', '--rm', '-p', '99999:80', 'starter', 'true'],
    status: 125,
    says: ['99999'],
  },
  {
    name: 'bind source that is not there',
    args: () => [
      'run',
      '--rm',
      '--mount',
      'type=bind,src=/no/such/source,dst=/x',
      'starter',
      'true',
    ],
    status: 125,
    says: ['/no/such/source'],
  },
  {
    name: 'no such container',
    args: () => ['logs', 'no-such-container'],
    status: 1,
    says: ['No such container: no-such-container'],
  },
  {
    name: 'registry that is down',
    args: () => ['pull', '127.0.0.1:9/x'],
    status: 1,
    says: ['127.0.0.1:9'],
  },
  {
    name: 'unknown command',
    args: () => ['no-such-command'],
    status: 1,
    says: ['no-such-command'],
  },
];

for (const { name, args, status, says } of cases) {
  test(`bad input: ${name}`, async () => {
    const result = await engine.tiffin(args());
    expect({
      status: result.status,
      missing: says.filter((word) => !result.stderr.includes(word)),
      said: result.stderr,
    }).toMatchObject({ status, missing: [] });
    expect(result.stderr).not.toMatch(/\n\s+at /);
  });
}

test('bad input: a taken name says by which container', async () => {
  const id = await engine.ok('create', '--name', 'taken', 'starter', 'true');
  const result = await engine.tiffin(['create', '--name', 'taken', 'starter', 'true']);
  expect(result.status).toBe(125);
  expect(result.stderr).toContain('"/taken" is already in use by container');
  expect(result.stderr).toContain(id);
  await engine.ok('rm', 'taken');
});

test('bad input: a port in use says by whom', async () => {
  using other = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('') });
  const result = await engine.tiffin([
    'run',
    '--rm',
    '-p',
    `127.0.0.1:${other.port}:80`,
    'starter',
    'true',
  ]);
  expect(result.status).toBe(125);
  expect(result.stderr).toContain(`127.0.0.1:${other.port}`);
  expect(result.stderr).toContain(String(process.pid));
});

test('bad input: broken archives are refused whole', async () => {
  for (const input of ['', 'not a tar at all', new Uint8Array(10_240)]) {
    const result = await engine.tiffin(['load'], { input });
    expect(result.status).toBe(1);
    expect(result.stderr).not.toBe('');
  }
});

test('bad input: a socket that nobody serves', async () => {
  const result = await run([tiffinBinary, '-H', 'unix:///no/such.sock', 'ps']);
  expect(result.status).toBe(1);
  expect(result.stderr).toContain('/no/such.sock');
});

test('bad input: two engines on one data root', async () => {
  const args = [
    'serve',
    '--data-root',
    engine.dataRoot,
    '--exec-root',
    engine.execRoot,
    '-H',
    `unix://${engine.directory}/second.sock`,
  ];
  const result: Result = await run([tiffinBinary, ...args], { timeoutMs: 10_000 });
  expect(result.status).toBe(1);
  expect(result.stderr).toContain(engine.dataRoot);
});

test('bad input: nobody but root', async () => {
  const result = await run([
    'setpriv',
    '--reuid',
    '65534',
    '--regid',
    '65534',
    '--clear-groups',
    tiffinBinary,
    'serve',
    '--data-root',
    '/tmp/none',
    '--exec-root',
    '/tmp/none',
    '-H',
    'unix:///tmp/none.sock',
  ]);
  expect(result.status).toBe(1);
  expect(result.stderr).toContain('root');
});

test('bad input leaves nothing behind', async () => {
  expect(await engine.ok('ps', '-aq')).toBe('');
  expect(await leftBehind(before)).toEqual([]);
});

function program(name: string, text: string | Uint8Array, mode = 0o755): void {
  writeFileSync(join(programs, name), text);
  chmodSync(join(programs, name), mode);
}

/** The first bytes of a program for 64-bit ARM: enough for the kernel to say no. */
function armProgram(): Uint8Array {
  const header = new Uint8Array(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header[16] = 2;
  header[18] = 183;
  return header;
}
