/** The way into a container: descriptors, the programs of the host, rights and system calls, for run and for exec alike. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestEngine, tiffinBinary } from '../integration/harness.ts';
import { CALLS, PROBE } from './programs.ts';
import { compile, mustLoad } from './support.ts';

let engine: TestEngine;
const DEFAULT_CAPABILITIES = 0xa80425fbn;
const CHOWN = 1n;
const SYS_PTRACE = 1n << 19n;

beforeAll(async () => {
  engine = await TestEngine.start();
  await compile(PROBE, join(engine.directory, 'probe'));
  await mustLoad(engine, 'attack', {
    build: (root) => {
      copyFileSync(join(engine.directory, 'probe'), join(root, 'bin/probe'));
      script(join(root, 'own-exe'), '#!/proc/self/exe run\n');
      script(join(root, 'one-exe'), '#!/proc/1/exe launcher\n');
    },
  });
  await engine.ok('run', '-d', '--name', 'target', 'attack', 'sleep', '1000');
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

function script(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

function digest(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function shims(): string[] {
  const names = readdirSync(engine.execRoot).filter((name) => name.startsWith('shim-'));
  expect(names.length).toBeGreaterThan(0);
  return names.map((name) => join(engine.execRoot, name));
}

/** `Name: value` lines of /proc/self/status. */
function status(text: string): Map<string, string> {
  return new Map(
    text.split('\n').map((line) => {
      const [name = '', value = ''] = line.split(':\t');
      return [name, value.trim()];
    }),
  );
}

test('run and exec leave only descriptors 0, 1 and 2 open', async () => {
  // The probe lists its own descriptors without opening one.
  expect(await engine.ok('run', '--rm', 'attack', 'probe', 'fds')).toBe('0 1 2');
  expect(await engine.ok('exec', 'target', 'probe', 'fds')).toBe('0 1 2');
  expect(await engine.ok('run', '--rm', '--init', 'attack', 'probe', 'fds')).toBe('0 1 2');
  expect(await engine.ok('exec', 'target', 'ls', '/proc/1/fd')).toBe('0\n1\n2');
});

test('an image that runs /proc/self/exe or writes to it changes no program of the host (CVE-2019-5736)', async () => {
  const programs = [tiffinBinary, ...shims()];
  const before = programs.map(digest);
  for (const path of ['/own-exe', '/one-exe']) {
    await engine.tiffin(['run', '--rm', 'attack', path]);
    await engine.tiffin(['exec', 'target', path]);
  }
  // Everybody who enters is looked at from within for as long as it takes: whatever is its program must refuse.
  // Pid 1 of a container with --init is a program of the host for all its life, so that there is always one to take hold of.
  const id = await engine.ok('run', '-d', '--init', 'attack', 'sleep', '1000');
  const watching = engine.ok('exec', '--privileged', id, 'probe', 'overwrite', '1500');
  for (let i = 0; i < 20; i += 1) await engine.ok('exec', id, 'true');
  expect(await watching).toBe('control 1 held 1 written 0');
  await engine.ok('rm', '-f', id);
  expect(programs.map(digest)).toEqual(before);
});

test('who joins cannot be looked into before its program is there (CVE-2016-9962)', async () => {
  const seen = async (...rights: string[]) => {
    const watching = engine.ok('exec', ...rights, 'target', 'probe', 'watch', '2000');
    let going = true;
    const joining = (async () => {
      while (going) await engine.ok('exec', 'target', 'true');
    })();
    const answer = await watching;
    going = false;
    await joining;
    return answer;
  };
  expect(await seen()).toBe('met 1 reached 0');
  // With CAP_SYS_PTRACE over all namespaces the same program gets through: it is a working one.
  expect(await seen('--privileged')).toBe('met 1 reached 1');
});

test('a working directory behind a descriptor is refused for every number (CVE-2024-21626)', async () => {
  const refused = await Promise.all(
    [...Array(12).keys(), 63, 1023].flatMap((number) =>
      [`/proc/self/fd/${number}`, `/proc/self/fd/${number}/../..`].map(async (path) => {
        const exec = await engine.tiffin(['exec', '-w', path, 'target', 'ls', '/']);
        return { path, status: exec.status, stdout: exec.stdout };
      }),
    ),
  );
  for (const { path, status: code, stdout } of refused) {
    expect({ path, failed: code !== 0, stdout }).toEqual({ path, failed: true, stdout: '' });
  }
  for (const number of [0, 3, 4, 5, 6, 7, 8, 9, 10]) {
    const run = await engine.tiffin([
      'run',
      '--rm',
      '-w',
      `/proc/self/fd/${number}`,
      'attack',
      'ls',
    ]);
    expect(run.status).not.toBe(0);
    expect(run.stdout).toBe('');
  }
  for (const path of ['/proc/1/root', '/proc/self/cwd', '/proc/1/cwd']) {
    expect((await engine.tiffin(['exec', '-w', path, 'target', 'true'])).status).not.toBe(0);
  }
});

const ENTRIES: { name: string; run: string[]; set: bigint; user?: string; noNew?: boolean }[] = [
  { name: 'root', run: [], set: DEFAULT_CAPABILITIES },
  { name: 'a user', run: ['-u', '1000'], set: 0n },
  { name: 'cap-add', run: ['--cap-add', 'SYS_PTRACE'], set: DEFAULT_CAPABILITIES | SYS_PTRACE },
  { name: 'cap-drop', run: ['--cap-drop', 'CHOWN'], set: DEFAULT_CAPABILITIES & ~CHOWN },
  { name: 'cap-drop of all', run: ['--cap-drop', 'ALL'], set: 0n },
  { name: 'a user with cap-add', run: ['-u', 'user', '--cap-add', 'SYS_PTRACE'], set: 0n },
  {
    name: 'no-new-privileges',
    run: ['--security-opt', 'no-new-privileges'],
    set: DEFAULT_CAPABILITIES,
    noNew: true,
  },
];

for (const { name, run, set, noNew = false } of ENTRIES) {
  test(`${name}: run and exec have the same rights and filter, nothing inheritable or ambient`, async () => {
    const id = await engine.ok('run', '-d', ...run, 'attack', 'sleep', '1000');
    const read = ['cat', '/proc/self/status'];
    const first = status(await engine.ok('exec', id, 'cat', '/proc/1/status'));
    const second = status(await engine.ok('exec', id, ...read));
    for (const found of [first, second]) {
      expect({
        inheritable: found.get('CapInh'),
        ambient: found.get('CapAmb'),
        effective: BigInt(`0x${found.get('CapEff')}`),
        permitted: BigInt(`0x${found.get('CapPrm')}`),
        seccomp: found.get('Seccomp'),
        noNew: found.get('NoNewPrivs'),
      }).toEqual({
        inheritable: '0000000000000000',
        ambient: '0000000000000000',
        effective: set,
        permitted: set,
        seccomp: '2',
        noNew: noNew ? '1' : '0',
      });
    }
    expect(second.get('CapBnd')).toBe(first.get('CapBnd'));
    await engine.ok('rm', '-f', id);
  });
}

test('a privileged container has no inheritable or ambient capability either', async () => {
  const found = status(
    await engine.ok('run', '--rm', '--privileged', 'attack', 'cat', '/proc/self/status'),
  );
  expect([found.get('CapInh'), found.get('CapAmb')]).toEqual(Array(2).fill('0000000000000000'));
  expect(found.get('Seccomp')).toBe('0');
});

test('run and exec refuse kernel crypto, io_uring, user namespaces, keys, bpf and typing into terminals', async () => {
  const expected = CALLS.map(({ name, errno }) => `${name} ${errno}`).join('\n');
  expect(await engine.ok('run', '--rm', 'attack', 'probe', 'calls')).toBe(expected);
  expect(await engine.ok('exec', 'target', 'probe', 'calls')).toBe(expected);
});

const OTHER_WAYS = process.arch === 'x64' ? ['int80', 'x32'] : [];

for (const way of OTHER_WAYS) {
  test(`the other door of the kernel, ${way}, is closed as well (CVE-2026-31431)`, async () => {
    const open = ['--security-opt', 'seccomp=unconfined'];
    const free = await engine.tiffin(['run', '--rm', ...open, 'attack', 'probe', way]);
    const closed = await engine.tiffin(['run', '--rm', 'attack', 'probe', way]);
    if (way === 'int80') {
      // EAFNOSUPPORT; without the filter another errno or a socket, unless the kernel itself has no such family.
      expect(closed.stdout).toBe('socketcall 97\n');
      expect(free.stdout).toMatch(/^socketcall \d+\n$/);
    } else {
      // Killed by SIGSYS, whether the kernel would know the call or not.
      expect({ status: closed.status, stdout: closed.stdout }).toEqual({ status: 159, stdout: '' });
      expect(free.stdout).toMatch(/^getpid \d+\n$/);
    }
  });
}

test('exec has a session keyring of its own, never that of the engine', async () => {
  const open = ['--security-opt', 'seccomp=unconfined', '--security-opt', 'systempaths=unconfined'];
  const id = await engine.ok('run', '-d', ...open, 'attack', 'sleep', '1000');
  const first = await engine.ok('exec', id, 'probe', 'keyring');
  const second = await engine.ok('exec', id, 'probe', 'keyring');
  expect(first).toMatch(/^\d+$/);
  expect(second).not.toBe(first);
  await engine.ok('rm', '-f', id);
});
