/** Bind mounts of a container with a user namespace, whose root cannot reach their sources itself. */

import { expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bundle, type Config, run } from './harness.ts';

const RANGE = [{ containerID: 0, hostID: 100_000, size: 65_536 }];

/** A directory that only the host's root may enter, with a file, and a read-only tmpfs with another below it. */
class Closed implements Disposable {
  readonly path: string;
  readonly #below: string;
  constructor(box: Bundle) {
    const closed = join(box.directory, 'closed');
    this.path = join(closed, 'source');
    this.#below = join(this.path, 'below');
    mkdirSync(this.#below, { recursive: true });
    writeFileSync(join(this.path, 'file'), 'seen\n');
    writeFileSync(join(this.#below, 'covered'), '');
    run(['mount', '-t', 'tmpfs', 'tmpfs', this.#below]);
    writeFileSync(join(this.#below, 'file'), 'seen below\n');
    run(['mount', '-o', 'remount,bind,ro,nosuid', this.#below]);
    run(['chmod', '700', closed]);
  }
  [Symbol.dispose](): void {
    run(['umount', '-l', this.#below]);
  }
}

function separate(config: Config): void {
  config.linux.namespaces.push({ type: 'user' });
  config.linux.uidMappings = RANGE;
  config.linux.gidMappings = RANGE;
}

function withAllRights(config: Config): void {
  const sets = ['bounding', 'effective', 'permitted'];
  const rights = ['CAP_SYS_ADMIN', 'CAP_DAC_OVERRIDE'];
  config.process.capabilities = Object.fromEntries(sets.map((name) => [name, rights]));
}

test('oci run binds what only root of the host can reach into a container with a user namespace', () => {
  using box = new Bundle();
  using closed = new Closed(box);
  for (const name of ['one', 'two']) writeFileSync(join(box.rootfs, name), '');
  box.write('cat /one /data/file /data/below/file; cat /two', (config) => {
    separate(config);
    config.mounts.push(
      { destination: '/one', source: join(closed.path, 'file'), options: ['bind', 'ro'] },
      { destination: '/data', source: closed.path, options: ['rbind'] },
      { destination: '/two', source: join(closed.path, 'file'), options: ['bind'] },
    );
  });
  expect(box.run()).toMatchObject({
    status: 0,
    stderr: '',
    stdout: 'seen\nseen\nseen below\nseen\n',
  });
});

test('lend-trees leaves what the host has set on a mount locked for the root of the container', () => {
  using box = new Bundle();
  using closed = new Closed(box);
  const script = [
    'mount -o remount,bind,rw /data/below; mount -o remount,bind,suid,ro /data/below; umount /data/below',
    'ls /data/below; grep -c " /data/below ro,nosuid" /proc/self/mountinfo',
  ].join('; ');
  box.write(script, (config) => {
    separate(config);
    withAllRights(config);
    config.mounts.push({ destination: '/data', source: closed.path, options: ['rbind'] });
  });
  const { stdout, stderr } = box.run();
  expect(stdout).toBe('file\n1\n');
  expect(stderr.trimEnd().split('\n')).toHaveLength(3);
});

test('oci run in a user namespace that is joined binds what only root of the host can reach', () => {
  using first = new Bundle().write('sleep 1000', separate);
  expect(first.create()).toMatchObject({ status: 0 });
  using box = new Bundle();
  using closed = new Closed(box);
  box.write('cat /data/file', (config) => {
    const path = `/proc/${first.state().pid}/ns/user`;
    config.linux.namespaces.push({ type: 'user', path });
    config.mounts.push({ destination: '/data', source: closed.path, options: ['rbind'] });
  });
  expect(box.run()).toMatchObject({ status: 0, stderr: '', stdout: 'seen\n' });
});

test('oci run with a user namespace names a source that is missing, and leaves nothing', () => {
  using box = new Bundle();
  box.write('true', (config) => {
    separate(config);
    config.mounts.push({ destination: '/data', source: '/no/such/place', options: ['bind'] });
  });
  const { status, stderr } = box.run();
  expect(status).toBe(1);
  expect(stderr).toContain('bind source path does not exist: /no/such/place');
  expect(box.left()).toEqual([]);
});

test('oci run with a user namespace names a mount point that its root may not make', () => {
  using box = new Bundle();
  box.write('true', (config) => {
    separate(config);
    config.mounts.push({ destination: '/absent', source: '/usr', options: ['bind'] });
  });
  const { status, stderr } = box.run();
  expect(status).toBe(1);
  expect(stderr).toContain('cannot make the mount point /absent in the root file system');
});

test('a source of oci run with a user namespace may lie on a mount of the same configuration', () => {
  using box = new Bundle();
  for (const name of ['made', 'again']) mkdirSync(join(box.rootfs, name));
  box.write('ls /again', (config) => {
    separate(config);
    config.mounts.push(
      { destination: '/made', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/made/below', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/again', source: join(box.rootfs, 'made'), options: ['bind'] },
    );
  });
  expect(box.run()).toMatchObject({ status: 0, stderr: '', stdout: 'below\n' });
});
