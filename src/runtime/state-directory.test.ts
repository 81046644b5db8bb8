import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ContainerRecord,
  defaultRoot,
  StateDirectory,
  validateId,
} from './state-directory.ts';
import { inspectStatus, isAlive, processStat } from './status.ts';

function withRoot(body: (root: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'tiffin-state-'));
  try {
    body(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const own = processStat(process.pid)?.startTime ?? 0n;
const record: ContainerRecord = {
  id: 'a',
  bundle: '/b',
  rootfs: '/b/r',
  created: '2026-01-01T00:00:00.000Z',
  owner: 'root',
  cgroups: { v1: {}, v2: '' },
  namespaces: '0',
  creator: { pid: process.pid, startTime: String(own) },
};

test('validateId takes what is a safe file name and nothing else', () => {
  for (const id of ['a', 'web-1', 'x_y+z.0']) expect(validateId(id)).toBe(id);
  for (const id of ['', '.', '..', 'a/b', '/a', 'a b', 'a\n', 'ä', 'x'.repeat(256)]) {
    expect(() => validateId(id)).toThrow('invalid container ID format');
  }
});

test('StateDirectory.claim succeeds once for an id', () => {
  withRoot((root) => {
    new StateDirectory(root, 'a').claim();
    expect(() => new StateDirectory(root, 'a').claim()).toThrow('already exists: a');
    expect(StateDirectory.list(root)).toEqual(['a']);
  });
});

test('StateDirectory.record is absent until everything is written', () => {
  withRoot((root) => {
    const directory = new StateDirectory(root, 'a');
    directory.claim();
    expect(() => directory.record()).toThrow('container does not exist: a');
    directory.write(record, '{"ociVersion":"1.0.0"}');
    expect(directory.record()).toEqual(record);
    expect(directory.config().ociVersion).toBe('1.0.0');
    directory.remove();
    expect(directory.exists()).toBe(false);
  });
});

test('inspectStatus believes the kernel: a process with that number but another start time is not the container', () => {
  withRoot((root) => {
    const directory = new StateDirectory(root, 'a');
    directory.claim();
    expect(inspectStatus(directory, record).status).toBe('creating');
    const gone = { ...record, creator: { pid: process.pid, startTime: String(own + 1n) } };
    expect(inspectStatus(directory, gone).status).toBe('stopped');
    writeFileSync(directory.file('process'), `${process.pid} ${own}\n`);
    expect(inspectStatus(directory, record)).toMatchObject({ status: 'running', pid: process.pid });
    writeFileSync(directory.file('process'), `${process.pid} ${own + 1n}\n`);
    expect(inspectStatus(directory, record)).toMatchObject({ status: 'stopped', pid: 0 });
  });
});

test('isAlive takes a zombie for dead', async () => {
  // The shell becomes a program that does not wait for its child.
  const parent = Bun.spawn(['sh', '-c', 'sleep 0 & echo $!; exec sleep 100'], { stdout: 'pipe' });
  const { value } = await parent.stdout.getReader().read();
  const pid = Number(new TextDecoder().decode(value));
  while (processStat(pid)?.state !== 'Z') await Bun.sleep(1);
  expect(isAlive(pid, processStat(pid)?.startTime ?? 0n)).toBe(false);
  parent.kill();
  await parent.exited;
});

test('defaultRoot is /run/tiffin-oci for root, whatever XDG_RUNTIME_DIR says', () => {
  if (process.getuid?.() === 0) {
    expect(defaultRoot({ XDG_RUNTIME_DIR: '/run/user/0' })).toBe('/run/tiffin-oci');
  } else {
    expect(defaultRoot({ XDG_RUNTIME_DIR: '/run/user/5' })).toBe('/run/user/5/tiffin-oci');
  }
});
