/** Machines and configurations for the golden plans. */

import type { HostFacts } from '../host/facts.ts';
import type { OpOf } from '../plan/ops.ts';
import { parseRuntimeSpec, type RuntimeSpec } from '../spec/runtime/index.ts';
import { defaultSpec } from './verbs/spec.ts';

const machine = {
  kernel: { release: '6.1.0', major: 6, minor: 1 },
  uid: 0,
  gid: 0,
  capabilities: { effective: 0x1ffffffffffn, permitted: 0x1ffffffffffn, bounding: 0x1ffffffffffn },
  initialUserNamespace: true,
  idMapHelpers: { uid: '/usr/bin/newuidmap', gid: '/usr/bin/newgidmap' },
  cloneIntoCgroup: true,
  swapAccounting: true,
  delegated: undefined,
  delegatedControllers: [],
  cpuCount: 2,
  memoryTotal: 2 ** 32,
  apparmor: true,
  selinux: false,
};

/** v1 hierarchies, two controllers together in one, beside a v2 one. */
export const hybrid: HostFacts = {
  ...machine,
  cgroup: {
    mode: 'hybrid',
    v1: {
      cpu: '/sys/fs/cgroup/cpu,cpuacct',
      cpuacct: '/sys/fs/cgroup/cpu,cpuacct',
      memory: '/sys/fs/cgroup/memory',
      pids: '/sys/fs/cgroup/pids',
      devices: '/sys/fs/cgroup/devices',
      'name=systemd': '/sys/fs/cgroup/systemd',
    },
    v2: '/sys/fs/cgroup/unified',
    own: {
      '': '/',
      cpu: '/',
      cpuacct: '/',
      memory: '/user',
      pids: '/',
      devices: '/',
      'name=systemd': '/',
    },
    controllers: [],
  },
};

export const unified: HostFacts = {
  ...machine,
  cgroup: {
    mode: 'v2',
    v1: {},
    v2: '/sys/fs/cgroup',
    own: { '': '/' },
    controllers: ['cpu', 'memory', 'pids'],
  },
};

export const foreground: OpOf<'supervise'> = {
  op: 'supervise',
  mode: 1,
  directory: '',
  log: '',
  logMaxBytes: 0n,
  logMaxFiles: 0,
  stdin: 3,
  terminal: 0,
  rows: 0,
  columns: 0,
  preserveFds: 0,
};

/** The configuration that `spec` writes, without a terminal. */
export function plainSpec(): RuntimeSpec {
  const spec = defaultSpec();
  return { ...spec, process: { ...spec.process, cwd: '/', args: ['true'], terminal: false } };
}

/** As much of the specification as fits into one container. */
export function fullSpec(): RuntimeSpec {
  const hook = (name: string) => [{ path: `/hooks/${name}`, args: [name, 'x'], timeout: 5 }];
  return parseRuntimeSpec({
    ...plainSpec(),
    process: {
      terminal: true,
      consoleSize: { height: 24, width: 80 },
      user: { uid: 1000, gid: 1000, umask: 0o77, additionalGids: [10, 20] },
      args: ['server', '--flag'],
      env: ['PATH=/bin'],
      cwd: '/srv',
      capabilities: {
        bounding: ['CAP_KILL', 'CAP_NET_RAW', 'CAP_MADE_UP'],
        permitted: ['CAP_KILL', 'CAP_NET_RAW'],
        effective: ['CAP_KILL'],
        inheritable: ['CAP_KILL'],
        ambient: ['CAP_KILL', 'CAP_NET_RAW'],
      },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 64, hard: 2 ** 64 }],
      noNewPrivileges: false,
      apparmorProfile: 'some-profile',
      oomScoreAdj: 100,
      scheduler: { policy: 'SCHED_BATCH', nice: -3, flags: ['SCHED_FLAG_RESET_ON_FORK'] },
      ioPriority: { class: 'IOPRIO_CLASS_BE', priority: 4 },
      execCPUAffinity: { initial: '0-1', final: '1' },
    },
    domainname: 'example.org',
    hooks: {
      prestart: hook('prestart'),
      createRuntime: hook('create-runtime'),
      createContainer: hook('create-container'),
      startContainer: hook('start-container'),
      poststart: hook('poststart'),
      poststop: hook('poststop'),
    },
    annotations: { 'org.example': 'a "quoted" word' },
    mounts: [
      ...(plainSpec().mounts ?? []),
      { destination: '/data', source: 'data', type: 'bind', options: ['rbind', 'rro', 'rprivate'] },
      { destination: '/one', source: '/src/one', options: ['bind', 'ro', 'noexec', 'rslave'] },
      {
        destination: '/etc/x',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['tmpcopyup', 'ro', 'size=1m'],
      },
      {
        destination: 'relative/../rel',
        type: 'ext4',
        source: '/dev/vdb',
        options: ['ro', 'noatime'],
      },
      { destination: '/data/sub', options: ['remount', 'nosuid'] },
      {
        destination: '/mapped',
        source: '/src/mapped',
        options: ['rbind', 'ridmap', 'rnosuid'],
        uidMappings: [{ containerID: 0, hostID: 1000, size: 10 }],
        gidMappings: [{ containerID: 0, hostID: 2000, size: 10 }],
      },
    ],
    linux: {
      ...plainSpec().linux,
      namespaces: [
        { type: 'pid' },
        { type: 'mount' },
        { type: 'ipc' },
        { type: 'uts' },
        { type: 'cgroup' },
        { type: 'time' },
        { type: 'network', path: '/var/run/netns/blue' },
      ],
      timeOffsets: { monotonic: { secs: 100 }, boottime: { secs: 7, nanosecs: 5 } },
      devices: [{ type: 'c', path: '/dev/fuse', major: 10, minor: 229, fileMode: 0o660, gid: 5 }],
      resources: { memory: { limit: 67108864 }, pids: { limit: 50 } },
      sysctl: { 'net.ipv4.ip_forward': '1' },
      seccomp: { defaultAction: 'SCMP_ACT_ALLOW' },
      rootfsPropagation: 'rshared',
      personality: { domain: 'LINUX32' },
      netDevices: { eth7: { name: 'inner' } },
      memoryPolicy: { mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_STATIC_NODES'] },
      cgroupsPath: '/pods/one',
    },
  });
}

/** A user namespace of its own, mapped to unprivileged ids. */
export function mappedSpec(): RuntimeSpec {
  const spec = plainSpec();
  const mapping = [{ containerID: 0, hostID: 100000, size: 65536 }];
  return {
    ...spec,
    mounts: [
      ...(spec.mounts ?? []),
      { destination: '/own', source: '/src/own', options: ['bind', 'idmap'] },
    ],
    process: { ...spec.process, cwd: '/', args: ['true'], oomScoreAdj: 10 },
    linux: {
      ...spec.linux,
      namespaces: [...(spec.linux?.namespaces ?? []), { type: 'user' }],
      uidMappings: mapping,
      gidMappings: mapping,
    },
  };
}
