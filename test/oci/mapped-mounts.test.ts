/** Id-mapped mounts and attributes of whole mount trees, seen from inside. */

import { expect, test } from 'bun:test';
import { chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bundle, type Config, run } from './harness.ts';

const range = (hostID: number, size = 65536, containerID = 0) => [{ containerID, hostID, size }];

/** A directory of the host with a file of user 0 and one of user 1000, and a tmpfs below it with the same. */
class Shared implements Disposable {
  readonly path: string;
  constructor(box: Bundle) {
    this.path = join(box.directory, 'shared');
    mkdirSync(join(this.path, 'sub'), { recursive: true });
    run(['mount', '-t', 'tmpfs', 'tmpfs', join(this.path, 'sub')]);
    for (const place of [this.path, join(this.path, 'sub')]) {
      writeFileSync(join(place, 'root'), '');
      writeFileSync(join(place, 'user'), '');
      chownSync(join(place, 'user'), 1000, 1000);
    }
  }
  [Symbol.dispose](): void {
    run(['umount', '-l', join(this.path, 'sub')]);
  }
}

function lines(box: Bundle, script: string, change: (config: Config) => void): string[] {
  box.write(script, change);
  const result = box.run();
  expect(result.stderr).toBe('');
  return result.stdout.trimEnd().split('\n');
}

const OWNERS = "stat -c '%n %u:%g' /data/root /data/user /data/sub/root /data/sub/user";

test('oci run shows a mount through its own mapping, and submounts with ridmap only', () => {
  using box = new Bundle();
  using shared = new Shared(box);
  const mapped = (word: string) =>
    lines(box, OWNERS, (config) => {
      config.mounts.push({
        destination: '/data',
        source: shared.path,
        options: ['rbind', word],
        uidMappings: range(5000),
        gidMappings: range(7000),
      });
    });
  expect(mapped('ridmap')).toEqual([
    '/data/root 5000:7000',
    '/data/user 6000:8000',
    '/data/sub/root 5000:7000',
    '/data/sub/user 6000:8000',
  ]);
  expect(mapped('idmap').slice(2)).toEqual(['/data/sub/root 0:0', '/data/sub/user 1000:1000']);
});

test('oci run with idmap and a user namespace shows the owners of the host, and writes as them', () => {
  using box = new Bundle();
  using shared = new Shared(box);
  const script = 'echo x > /data/made; stat -c %u:%g /data/root /data/user /data/made';
  const owners = lines(box, script, (config) => {
    config.linux.namespaces.push({ type: 'user' });
    config.linux.uidMappings = range(100_000);
    config.linux.gidMappings = range(100_000);
    config.mounts.push({ destination: '/data', source: shared.path, options: ['bind', 'idmap'] });
  });
  expect(owners).toEqual(['0:0', '1000:1000', '0:0']);
  const { uid, gid } = statSync(join(shared.path, 'made'));
  expect([uid, gid]).toEqual([0, 0]);
});

test('oci run with an id-mapped mount sends no later mount of the container to the host', () => {
  using box = new Bundle();
  using shared = new Shared(box);
  const script = "mount -t tmpfs none /data/sub; grep -c ' /data/sub ' /proc/self/mountinfo";
  const found = lines(box, script, (config) => {
    for (const set of ['bounding', 'effective', 'permitted']) {
      config.process.capabilities[set].push('CAP_SYS_ADMIN');
    }
    config.mounts.push({
      destination: '/data',
      source: shared.path,
      options: ['bind', 'idmap'],
      uidMappings: range(5000),
      gidMappings: range(5000),
    });
  });
  expect(found).toEqual(['1']);
  const host = run(['grep', '-c', `${shared.path}/sub `, '/proc/self/mountinfo']);
  expect(host.stdout.trim()).toBe('1');
});

test('oci run refuses an id-mapped mount that the kernel cannot map, and leaves nothing', () => {
  using box = new Bundle();
  box.write('true', (config) => {
    config.mounts.push({
      destination: '/data',
      source: '/proc',
      options: ['bind', 'idmap'],
      uidMappings: range(5000),
      gidMappings: range(5000),
    });
  });
  const { status, stderr } = box.run();
  expect(status).not.toBe(0);
  expect(stderr).toContain('map the owners of /proc');
  expect(box.left()).toEqual([]);
});

test('oci run gives recursive attributes to a bind and all below it', () => {
  using box = new Bundle();
  using shared = new Shared(box);
  const script = "grep ' /data' /proc/self/mountinfo | cut -d' ' -f5,6";
  const seen = lines(box, script.replace("cut -d' ' -f5,6", 'cat'), (config) => {
    config.mounts.push({
      destination: '/data',
      source: shared.path,
      options: [
        'rbind',
        'rro',
        'rnosuid',
        'rnodev',
        'rnoexec',
        'rnoatime',
        'rnosymfollow',
        'rslave',
      ],
    });
  }).map((line) => line.split(' ').slice(4, 6).join(' '));
  const words = 'ro,nosuid,nodev,noexec,noatime,nosymfollow';
  expect(seen).toEqual([`/data ${words}`, `/data/sub ${words}`]);
  const undone = lines(box, "grep ' /data' /proc/self/mountinfo", (config) => {
    config.mounts.push({
      destination: '/data',
      source: shared.path,
      options: ['rbind', 'ro', 'nosuid', 'rrw', 'rsuid', 'rrelatime'],
    });
  }).map((line) => line.split(' ').slice(4, 6).join(' '));
  expect(undone).toEqual(['/data rw,relatime', '/data/sub rw,relatime']);
});

test('oci run mounts a file onto a file, and one that is not there', () => {
  using box = new Bundle();
  writeFileSync(join(box.directory, 'one'), 'from the host\n');
  const source = join(box.directory, 'one');
  const text = lines(box, 'cat /etc/passwd /made/for/it', (config) => {
    config.mounts.push({ destination: '/etc/passwd', source, options: ['bind', 'ro'] });
    config.mounts.push({ destination: 'made/for/it', source, type: 'bind' });
  });
  expect(text).toEqual(['from the host', 'from the host']);
});

test('oci run takes every superblock and attribute word on a new mount', () => {
  using box = new Bundle();
  const options =
    'nosuid rnodev noexec strictatime sync dirsync lazytime iversion silent mand loud async nolazytime nosymfollow size=64k'.split(
      ' ',
    );
  const [line = ''] = lines(box, "grep ' /data ' /proc/self/mountinfo", (config) => {
    config.mounts.push({ destination: '/data', type: 'tmpfs', source: 'tmpfs', options });
  });
  expect(line.split(' ')[5]).toBe('rw,nosuid,nodev,noexec,nosymfollow');
  expect(line.split(' ').at(-1)).toContain('dirsync,size=64k');
});
