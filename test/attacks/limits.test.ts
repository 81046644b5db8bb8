/** Control groups, modes of files, bodies of requests, frames of monitors, and floods: what is bounded and who may look. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modeOf, must, run, TestEngine, tiffinBinary, until } from '../integration/harness.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await TestEngine.start();
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

async function post(
  path: string,
  body: string | Uint8Array,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://engine${path}`, {
    unix: engine.socket,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return { status: answer.status, text: await answer.text() };
}

test('a container sees its own control groups only, read-only, as the top of each hierarchy', async () => {
  const script = 'cat /proc/self/cgroup; grep cgroup /proc/mounts; mkdir /sys/fs/cgroup/made';
  const result = await engine.tiffin(['run', '--rm', 'starter', 'sh', '-c', script]);
  const lines = result.stdout.split('\n').filter((line) => line !== '');
  const groups = lines.filter((line) => /^\d+:/.test(line));
  const mounts = lines.filter((line) => !/^\d+:/.test(line));
  expect(groups.length).toBeGreaterThan(0);
  expect(mounts.length).toBeGreaterThan(0);
  for (const line of groups) expect(line).toMatch(/:\/$/);
  for (const line of mounts) expect(line).toMatch(/ ro[, ]/);
  expect(result.status).not.toBe(0);
});

test('cgroup namespaces of the host stay read-only too (CVE-2023-25809)', async () => {
  const args = ['run', '--rm', '--cgroupns', 'host', 'starter', 'grep', 'cgroup', '/proc/mounts'];
  for (const line of (await engine.ok(...args)).split('\n')) expect(line).toMatch(/ ro[, ]/);
});

for (const parent of ['/../../escape', '../escape', '/tiffin/../..', '/a/../../b']) {
  test(`the cgroup parent ${parent} is refused`, async () => {
    const result = await engine.tiffin([
      'run',
      '--rm',
      '--cgroup-parent',
      parent,
      'starter',
      'true',
    ]);
    expect(result.status).toBe(125);
    expect(result.stderr).toContain('..');
  });
}

test('oci run refuses namespace paths and mappings of 64 KiB by name (CVE-2021-43784)', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-long-'));
  try {
    const bundle = join(directory, 'bundle');
    mkdirSync(join(bundle, 'rootfs'), { recursive: true });
    await must([tiffinBinary, 'oci', 'spec', '-b', bundle]);
    const file = join(bundle, 'config.json');
    const original = readFileSync(file, 'utf8');
    const changes: ((config: { linux: Record<string, unknown> }) => void)[] = [
      (config) => {
        config.linux.namespaces = [
          { type: 'mount' },
          { type: 'network', path: `/${'n'.repeat(65_536)}` },
        ];
      },
      (config) => {
        const mapping = (containerID: number) => ({
          containerID,
          hostID: 100_000 + containerID,
          size: 1,
        });
        config.linux.namespaces = [{ type: 'mount' }, { type: 'user' }];
        config.linux.uidMappings = Array.from({ length: 8000 }, (_, index) => mapping(index));
        config.linux.gidMappings = config.linux.uidMappings;
      },
      (config) => {
        config.linux.cgroupsPath = `/${'../'.repeat(20_000)}escape`;
      },
      (config) => {
        config.linux.cgroupsPath = `/tiffin/${'c'.repeat(65_536)}`;
      },
    ];
    for (const change of changes) {
      const config = JSON.parse(original);
      config.process.terminal = false;
      change(config);
      writeFileSync(file, JSON.stringify(config));
      const oci = [
        tiffinBinary,
        'oci',
        '--root',
        join(directory, 'state'),
        'run',
        '-b',
        bundle,
        'long',
      ];
      const result = await run(oci, { timeoutMs: 15_000 });
      expect(result.status).toBeGreaterThan(0);
      expect(result.status).toBeLessThan(128);
      expect(result.stderr).not.toContain('defect');
      expect(existsSync(join(directory, 'state/long'))).toBe(false);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000);

test('nobody but the owner reaches anything below the data root and the run root (CVE-2021-41091)', async () => {
  const id = await engine.ok('run', '-d', '-v', 'named:/data', 'starter', 'sleep', '1000');
  const exec = engine.tiffin(['exec', id, 'sleep', '2']);
  const execs = join(engine.execRoot, 'execs');
  await until('the exec runs', () =>
    readdirSync(execs).some((name) => existsSync(join(execs, name, 'attach.sock'))),
  );
  expect([modeOf(engine.dataRoot), modeOf(engine.execRoot), modeOf(engine.socket)]).toEqual([
    '700',
    '700',
    '600',
  ]);
  const sockets: string[] = [];
  const open: string[] = [];
  const walk = (directory: string): void => {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      const status = lstatSync(path, { throwIfNoEntry: false });
      if (status === undefined || status.isSymbolicLink()) continue;
      if (status.isSocket()) sockets.push(modeOf(path));
      if ((status.mode & 0o022) !== 0) open.push(path);
      if (status.isDirectory()) walk(path);
    }
  };
  walk(engine.execRoot);
  for (const name of ['containers', 'execs']) {
    for (const each of readdirSync(join(engine.execRoot, name))) {
      expect(modeOf(join(engine.execRoot, name, each))).toBe('700');
    }
  }
  expect(modeOf(join(engine.dataRoot, 'containers', id))).toBe('700');
  expect(sockets.length).toBeGreaterThanOrEqual(3);
  expect(new Set(sockets)).toEqual(new Set(['600']));
  expect(open).toEqual([]);
  await exec;
  await engine.ok('rm', '-f', id);
});

const BODIES: { name: string; body: string }[] = [
  { name: 'a nesting of a million', body: '['.repeat(1_000_000) },
  { name: 'a million nested objects', body: '{"a":'.repeat(500_000) },
  { name: 'a number beyond all', body: '{"Image":"starter","HostConfig":{"Memory":1e400}}' },
  { name: 'a fraction of memory', body: '{"Image":"starter","HostConfig":{"Memory":1.5}}' },
  {
    name: 'more processors than numbers',
    body: '{"Image":"starter","HostConfig":{"CpusetCpus":"0-4294967295"}}',
  },
  { name: 'a NUL in the environment', body: '{"Image":"starter","Env":["A=b\\u0000C"]}' },
  { name: 'a NUL in the command', body: '{"Image":"starter","Cmd":["tr\\u0000ue"]}' },
  {
    name: 'a NUL in a bind',
    body: '{"Image":"starter","HostConfig":{"Binds":["/tmp\\u0000/x:/y"]}}',
  },
  { name: 'a NUL in the directory', body: '{"Image":"starter","WorkingDir":"/x\\u0000y"}' },
  { name: 'a line feed in the hostname', body: '{"Image":"starter","Hostname":"a\\n127.0.0.1 b"}' },
  {
    name: 'a prototype for settings',
    body: '{"Image":"starter","__proto__":{"Cmd":["true"]},"HostConfig":[]}',
  },
  { name: 'a list for an object', body: '[]' },
  { name: 'bytes that are no text', body: '\xff\xfe' },
  {
    name: 'a sysctl of the host',
    body: '{"Image":"starter","HostConfig":{"Sysctls":{"net/../kernel/core_pattern":"|/x"}}}',
  },
  {
    name: 'a runtime of its own',
    body: '{"Image":"starter","HostConfig":{"PidMode":"container:../../proc/1"}}',
  },
];

for (const { name, body } of BODIES) {
  test(`a create with ${name} is refused or fails to start, and the engine lives on`, async () => {
    const created = await post('/containers/create', Buffer.from(body, 'latin1'));
    if (created.status === 201) {
      const { Id } = JSON.parse(created.text);
      const started = await post(`/containers/${Id}/start`, '');
      expect(started.status).toBeGreaterThanOrEqual(400);
      expect(started.status).not.toBe(500);
      await engine.ok('rm', '-f', Id);
    } else {
      expect(created.status).toBeGreaterThanOrEqual(400);
      expect(created.status).toBeLessThan(500);
      expect(JSON.parse(created.text)).toHaveProperty('message');
    }
    expect(await (await fetch('http://engine/_ping', { unix: engine.socket })).text()).toBe('OK');
    expect(engine.said).not.toContain('defect');
  });
}

test('a body past the limit is refused whole, not cut (CVE-2026-34040)', async () => {
  const padding = ' '.repeat(5 * 1024 * 1024);
  const created = await post('/containers/create?name=padded', `{"Image":"starter"}${padding}`);
  expect(created.status).toBe(413);
  expect((await engine.tiffin(['inspect', 'padded'])).status).not.toBe(0);
});

test('a monitor survives every frame and a crowd of clients, and its container with it', async () => {
  const id = await engine.ok('run', '-d', 'starter', 'sleep', '1000');
  const socket = join(engine.execRoot, 'containers', id, 'attach.sock');
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed >>> 8;
  };
  // Types 0 to 31 but for the signal of 32 bits: with a right number that one does what it says.
  for (let round = 0; round < 100; round += 1) {
    const frames = Array.from({ length: 8 }, () => {
      const length = random() % 3 === 0 ? random() * 256 : random() % 64;
      const head = Buffer.alloc(8, random() & 0xff);
      head[0] = [1, 2, 3, 5, 99, random() & 0x1f][random() % 6] ?? 0;
      head.writeUInt32LE(length >>> 0, 4);
      return Buffer.concat([head, Buffer.alloc(Math.min(length, 4096), 0x7f)]);
    });
    await say(socket, Buffer.concat(frames));
  }
  const crowd = await Promise.all(Array.from({ length: 120 }, () => hold(socket)));
  expect(await engine.ok('exec', id, 'echo', 'alive')).toBe('alive');
  for (const client of crowd) client.destroy();
  expect(await engine.ok('inspect', '-f', '{{.State.Running}}', id)).toBe('true');
  await engine.ok('rm', '-f', id);
});

function say(path: string, bytes: Uint8Array): Promise<void> {
  return new Promise((done) => {
    const client = connect(path, () => client.end(bytes));
    client.on('error', () => undefined);
    client.on('close', () => done());
    client.resume();
  });
}

/** Connects and never reads. */
function hold(path: string): Promise<ReturnType<typeof connect>> {
  return new Promise((done) => {
    const client = connect(path);
    client.pause();
    client.on('error', () => done(client));
    client.on('connect', () => done(client));
    client.on('close', () => done(client));
  });
}

test('a container that prints without end fills its own log files and no more', async () => {
  const options = ['--log-opt', 'max-size=64k', '--log-opt', 'max-file=2'];
  const script = 'yes 0123456789abcdef | head -c 20000000';
  const id = await engine.ok('run', '-d', ...options, 'starter', 'sh', '-c', script);
  expect(await engine.ok('wait', id)).toBe('0');
  const directory = join(engine.dataRoot, 'containers', id);
  const logs = readdirSync(directory).filter((name) => /^log(\.\d+)?$/.test(name));
  const total = logs.reduce((sum, name) => sum + lstatSync(join(directory, name)).size, 0);
  expect(logs.length).toBe(2);
  expect(total).toBeLessThan(3 * 64 * 1024);
  await engine.ok('rm', id);
});
