import { expect, test } from 'bun:test';
import { gatherFacts } from '../../host/facts.ts';
import { capabilityMask, DEFAULT_CAPABILITIES } from '../../spec/capabilities.ts';
import type { ContainerConfig, HostConfig } from '../../spec/docker.ts';
import { type MountRecord, mountRecord } from '../containers/mount-record.ts';
import { containerConfig, hostConfig } from '../testing/create-request.ts';
import type { DeviceDoor, HostDevice } from './devices.ts';
import { cgroupPath, hostnameOf, type SpecInput, toRuntimeSpec } from './index.ts';

const facts = Object.freeze({
  ...gatherFacts(),
  capabilities: {
    effective: capabilityMask(DEFAULT_CAPABILITIES),
    permitted: capabilityMask(DEFAULT_CAPABILITIES),
    bounding: capabilityMask([...DEFAULT_CAPABILITIES, 'CAP_SYS_ADMIN']),
  },
  apparmor: false,
  swapAccounting: true,
  cpuCount: 4,
});

const nullDevice: HostDevice = {
  path: '/dev/sda',
  type: 'b',
  major: 8,
  minor: 0,
  mode: 0o660,
  uid: 0,
  gid: 6,
};
const devices: DeviceDoor = {
  read: (path) => (path === '/dev/sda' ? [nullDevice] : []),
  all: () => [nullDevice],
};

function convert(
  config: Partial<ContainerConfig> = {},
  host: Partial<HostConfig> = {},
  more: Partial<SpecInput> = {},
) {
  return toRuntimeSpec({
    id: 'a'.repeat(64),
    config: containerConfig(config),
    host: hostConfig({ NetworkMode: 'bridge', ...host }),
    hostname: 'name',
    linked: [],
    rootfs: '/root',
    mounts: [],
    files: { hosts: '/f/hosts', hostname: '/f/hostname', resolvConf: '/f/resolv.conf' },
    pidOf: () => 4711,
    facts,
    devices,
    ...more,
  });
}

test('toRuntimeSpec joins entrypoint and command and sets the variables that docker sets', () => {
  const { spec } = convert({
    Entrypoint: ['/bin/entry', '-x'],
    Cmd: ['one'],
    Env: ['A=1', 'PATH=/mine'],
    Tty: true,
  });
  expect(spec.process?.args).toEqual(['/bin/entry', '-x', 'one']);
  expect(spec.process?.env).toEqual(['PATH=/mine', 'HOSTNAME=name', 'TERM=xterm', 'A=1']);
  expect(spec.process?.terminal).toBe(true);
  expect(() => convert({ Cmd: null })).toThrow('no command specified');
});

test('toRuntimeSpec gives the default capabilities and never inheritable or ambient ones', () => {
  const { capabilities } = convert().spec.process ?? {};
  expect(capabilities?.bounding).toContain('CAP_CHOWN');
  expect(capabilities?.bounding).not.toContain('CAP_SYS_ADMIN');
  expect(capabilities?.inheritable).toEqual([]);
  expect(capabilities?.ambient).toEqual([]);
  const dropped = convert({}, { CapDrop: ['ALL'], CapAdd: ['NET_RAW'] }).spec;
  expect(dropped.process?.capabilities?.effective).toEqual(['CAP_NET_RAW']);
});

test('toRuntimeSpec of a privileged container opens devices, system paths and system calls', () => {
  const { spec } = convert({}, { Privileged: true });
  expect(spec.linux?.seccomp).toBeUndefined();
  expect(spec.linux?.maskedPaths).toEqual([]);
  expect(spec.linux?.readonlyPaths).toEqual([]);
  expect(spec.linux?.resources?.devices).toEqual([{ allow: true, access: 'rwm' }]);
  expect(spec.linux?.devices?.map(({ path }) => path)).toEqual(['/dev/sda']);
  expect(spec.process?.capabilities?.bounding).toContain('CAP_SYS_ADMIN');
});

test('toRuntimeSpec filters system calls and masks kernel files by default', () => {
  const { spec } = convert();
  expect(spec.linux?.seccomp?.defaultAction).toBe('SCMP_ACT_ERRNO');
  expect(spec.linux?.maskedPaths).toContain('/proc/kcore');
  expect(spec.linux?.maskedPaths).toContain('/sys/devices/virtual/powercap');
  const open = convert({}, { SecurityOpt: ['seccomp=unconfined', 'systempaths=unconfined'] }).spec;
  expect(open.linux?.seccomp).toBeUndefined();
  expect(open.linux?.maskedPaths).toEqual([]);
});

test('toRuntimeSpec makes every namespace private unless it is shared', () => {
  const types = (host: Partial<HostConfig>) =>
    convert({}, host).spec.linux?.namespaces?.map(({ type, path }) =>
      path ? `${type}=${path}` : type,
    );
  expect(types({})).toEqual(['mount', 'pid', 'ipc', 'uts', 'network', 'cgroup']);
  expect(types({ NetworkMode: 'host', PidMode: 'host', IpcMode: 'host', UTSMode: 'host' })).toEqual(
    ['mount', 'cgroup'],
  );
  expect(types({ NetworkMode: 'container:x', PidMode: 'container:x' })).toEqual([
    'mount',
    'pid=/proc/4711/ns/pid',
    'ipc',
    'uts',
    'network=/proc/4711/ns/net',
    'cgroup',
  ]);
  expect(() => convert({}, { PidMode: 'weird' })).toThrow('invalid pid mode: weird');
});

test('toRuntimeSpec mounts parents before what lies in them, and what was asked for instead of a default', () => {
  const own: MountRecord[] = [
    mountRecord({ type: 'bind', source: '/deep', destination: '/a/b/c' }),
    mountRecord({ type: 'volume', name: 'v', source: '/v', destination: '/a' }),
    mountRecord({
      type: 'bind',
      source: '/h',
      destination: '/etc/hosts',
      readOnly: true,
      readOnlySubmounts: true,
    }),
    mountRecord({ type: 'tmpfs', source: '', destination: '/t', options: ['size=1m'] }),
  ];
  const mounts = convert({}, {}, { mounts: own }).spec.mounts ?? [];
  const at = (path: string) => mounts.findIndex(({ destination }) => destination === path);
  expect(at('/a')).toBeLessThan(at('/a/b/c'));
  expect(at('/dev')).toBeLessThan(at('/dev/pts'));
  expect(mounts.filter(({ destination }) => destination === '/etc/hosts')).toEqual([
    {
      destination: '/etc/hosts',
      type: 'bind',
      source: '/h',
      options: ['rbind', 'rprivate', 'rro'],
    },
  ]);
  expect(mounts[at('/t')]?.options).toEqual(['nosuid', 'nodev', 'noexec', 'rw', 'size=1m']);
  expect(mounts[at('/sys')]?.options).toContain('ro');
  expect(mounts[at('/dev/shm')]?.options).toContain('size=67108864');
});

test('toRuntimeSpec turns limits into the terms of the cgroup', () => {
  const { resources } =
    convert(
      {},
      {
        Memory: 100_000_000,
        NanoCpus: 1_500_000_000,
        PidsLimit: 20,
        CpuShares: 1,
        CpusetCpus: '0-1',
      },
    ).spec.linux ?? {};
  expect(resources?.memory).toEqual({ limit: 100_000_000, swap: 200_000_000 });
  expect(resources?.cpu).toEqual({ shares: 2, period: 100_000, quota: 150_000, cpus: '0-1' });
  expect(resources?.pids).toEqual({ limit: 20 });
  expect(convert().spec.linux?.resources).not.toHaveProperty('memory');
});

test('toRuntimeSpec maps host devices with their numbers and refuses what is none', () => {
  const mapping = { PathOnHost: '/dev/sda', PathInContainer: '/dev/disk', CgroupPermissions: 'r' };
  const { linux } = convert({}, { Devices: [mapping] }).spec;
  expect(linux?.devices).toEqual([
    { path: '/dev/disk', type: 'b', major: 8, minor: 0, fileMode: 0o660, uid: 0, gid: 6 },
  ]);
  expect(linux?.resources?.devices).toContainEqual({
    allow: true,
    type: 'b',
    major: 8,
    minor: 0,
    access: 'r',
  });
  const missing = { ...mapping, PathOnHost: '/dev/nope' };
  expect(() => convert({}, { Devices: [missing] })).toThrow('/dev/nope');
  expect(() => convert({}, { DeviceCgroupRules: ['c 1:x rwm'] })).toThrow(
    'invalid device cgroup rule',
  );
});

test('toRuntimeSpec lets only sysctls of own namespaces pass', () => {
  const { sysctl } =
    convert({}, { Sysctls: { 'net.core.somaxconn': '5', 'kernel.shmmax': '1' } }).spec.linux ?? {};
  expect(sysctl).toMatchObject({
    'net.core.somaxconn': '5',
    'kernel.shmmax': '1',
    'net.ipv4.ip_unprivileged_port_start': '0',
  });
  for (const key of ['kernel.core_pattern', 'vm.swappiness', 'net../../x', 'net.a/b']) {
    expect(() => convert({}, { Sysctls: { [key]: '1' } })).toThrow();
  }
  const host = { NetworkMode: 'host', Sysctls: { 'net.core.somaxconn': '5' } };
  expect(() => convert({}, host)).toThrow("not allowed in the host's network namespace");
});

test('toRuntimeSpec keeps labels and limits of ulimits apart and refuses a soft limit above the hard one', () => {
  const limits = (Soft: number, Hard: number) => ({ Ulimits: [{ Name: 'nofile', Soft, Hard }] });
  expect(convert({}, limits(10, 20)).spec.process?.rlimits).toEqual([
    { type: 'RLIMIT_NOFILE', soft: 10, hard: 20 },
  ]);
  expect(convert({}, limits(-1, -1)).spec.process?.rlimits?.[0]?.soft).toBe(2 ** 64);
  expect(() => convert({}, limits(30, 20))).toThrow('soft limit must be less than or equal');
});

test('hostnameOf and cgroupPath follow docker', () => {
  const id = `0123456789ab${'c'.repeat(52)}`;
  expect(hostnameOf(containerConfig(), hostConfig(), id, 'own')).toBe('0123456789ab');
  expect(hostnameOf(containerConfig({ Hostname: 'h' }), hostConfig(), id, 'own')).toBe('h');
  expect(hostnameOf(containerConfig(), hostConfig({ NetworkMode: 'host' }), id, 'own')).toBe('own');
  expect(cgroupPath(hostConfig(), 'x')).toBe('/tiffin/x');
  expect(cgroupPath(hostConfig({ CgroupParent: '/mine/' }), 'x')).toBe('/mine/x');
});
