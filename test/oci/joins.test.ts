/** Namespaces that are joined by path: each kind, in the container that made them. */

import { expect, test } from 'bun:test';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bundle, type Config, run } from './harness.ts';

const FILES = {
  pid: 'pid',
  network: 'net',
  ipc: 'ipc',
  uts: 'uts',
  cgroup: 'cgroup',
  time: 'time',
  user: 'user',
  mount: 'mnt',
} as const;
const KINDS = Object.keys(FILES) as (keyof typeof FILES)[];

/** A container that has a namespace of each kind, and only sleeps. */
function withNamespaces(users: boolean): { box: Bundle; pid: number } {
  const box = new Bundle();
  box.write('sleep 1000', (config) => {
    config.linux.namespaces = KINDS.filter((type) => users || type !== 'user').map((type) => ({
      type,
    }));
    if (!users) return;
    config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 200_000, size: 65_536 }];
  });
  expect(box.oci('run', '-d', '-b', box.bundle, box.id)).toMatchObject({ status: 0, stderr: '' });
  return { box, pid: box.state().pid };
}

function joining(pid: number, kinds: readonly (keyof typeof FILES)[]) {
  return [
    { type: 'mount' },
    ...kinds.map((type) => ({ type, path: `/proc/${pid}/ns/${FILES[type]}` })),
  ];
}

for (const users of [false, true]) {
  test(`oci run joins every kind of namespace by its path, ${users ? 'with' : 'without'} a user namespace`, () => {
    const { box: first, pid } = withNamespaces(users);
    using _ = first;
    const kinds = KINDS.filter((type) => type !== 'mount' && (users || type !== 'user'));
    using box = new Bundle();
    const names = kinds.map((type) => FILES[type]);
    const script = `for name in ${names.join(' ')}; do readlink /proc/self/ns/$name; done; id -u`;
    box.write(script, (config) => {
      config.linux.namespaces = joining(pid, kinds);
      delete config.hostname;
    });
    const { status, stdout, stderr } = box.run();
    const theirs = names.map((name) => run(['readlink', `/proc/${pid}/ns/${name}`]).stdout.trim());
    expect({ status, stderr, stdout }).toEqual({
      status: 0,
      stderr: '',
      stdout: `${[...theirs, '0'].join('\n')}\n`,
    });
  });
}

test('oci run maps owners as a user namespace does that it joins', () => {
  const { box: first, pid } = withNamespaces(true);
  using _ = first;
  using box = new Bundle();
  const shared = join(box.directory, 'shared');
  mkdirSync(shared);
  writeFileSync(join(shared, 'file'), '');
  box.write('stat -c %u:%g /data/file /tmp/file', (config) => {
    config.linux.namespaces = joining(pid, ['user', 'network', 'pid', 'uts', 'ipc']);
    delete config.hostname;
    config.mounts.push({ destination: '/data', source: shared, options: ['bind', 'idmap'] });
    config.mounts.push({ destination: '/tmp', source: shared, options: ['bind'] });
  });
  expect(box.run()).toEqual({ status: 0, stderr: '', stdout: '0:0\n65534:65534\n' });
});

test('oci run changes no setting of a namespace that it joins and that is the host’s', () => {
  const name = run(['hostname']).stdout;
  const forward = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim();
  const refused = (type: 'network' | 'uts', change: (config: Config) => void) => {
    using box = new Bundle();
    box.write('true', (config) => {
      delete config.hostname;
      const path = `/proc/${process.pid}/ns/${FILES[type]}`;
      config.linux.namespaces = [{ type: 'mount' }, { type, path }];
      change(config);
    });
    const { status, stderr } = box.run();
    expect(status).not.toBe(0);
    return stderr;
  };
  const sysctl = 'net.ipv4.ip_forward';
  expect(
    refused('network', (config) => {
      config.linux.sysctl = { [sysctl]: forward === '0' ? '1' : '0' };
    }),
  ).toContain(`linux.sysctl.${sysctl}: the network namespace`);
  expect(refused('uts', (config) => (config.hostname = 'stolen'))).toContain('hostname: the uts');
  expect(run(['hostname']).stdout).toBe(name);
  expect(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim()).toBe(forward);
});

test('oci run refuses a path that is no namespace of that type', () => {
  const refused = (change: (config: Config) => void) => {
    using box = new Bundle();
    box.write('true', change);
    const { status, stderr } = box.run();
    expect(status).not.toBe(0);
    expect(box.left()).toEqual([]);
    return stderr;
  };
  for (const path of ['/proc/self/ns/uts', '/etc/passwd', '/no/such']) {
    const message = refused((config) => {
      config.linux.namespaces = [{ type: 'mount' }, { type: 'network', path }];
      delete config.hostname;
    });
    expect(message).toContain(`cannot join the namespace ${path}`);
  }
});
