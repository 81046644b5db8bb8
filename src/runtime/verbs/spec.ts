/** `spec`: writes a config.json to start from. */

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { errnoName, TiffinError } from '../../base/errors.ts';
import type { Linux, Mount, RuntimeSpec } from '../../spec/runtime/index.ts';
import type { OciContext } from '../context.ts';

export interface SpecOptions {
  bundle: string;
  /** Name in the bundle. */
  file: string;
  rootless: boolean;
}

export function writeSpec(options: SpecOptions, context: OciContext): void {
  const file = resolve(context.workingDirectory, options.bundle, options.file);
  const spec = options.rootless ? rootlessSpec() : defaultSpec();
  try {
    writeFileSync(file, `${JSON.stringify(spec, null, 2)}\n`, { flag: 'wx' });
  } catch (error) {
    if (errnoName(error) !== 'EEXIST') throw error;
    throw new TiffinError(
      'already-exists',
      'config-exists',
      `file ${file} exists: remove it first`,
    );
  }
}

const CAPABILITIES = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'];

const MASKED_PATHS = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

const MOUNTS: readonly Mount[] = [
  { destination: '/proc', type: 'proc', source: 'proc' },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  {
    destination: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
  },
  {
    destination: '/dev/mqueue',
    type: 'mqueue',
    source: 'mqueue',
    options: ['nosuid', 'noexec', 'nodev'],
  },
  {
    destination: '/sys',
    type: 'sysfs',
    source: 'sysfs',
    options: ['nosuid', 'noexec', 'nodev', 'ro'],
  },
  {
    destination: '/sys/fs/cgroup',
    type: 'cgroup',
    source: 'cgroup',
    options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
  },
];

/** A shell in a private, read-only root. */
export function defaultSpec(): RuntimeSpec {
  const linux: Linux = {
    resources: { devices: [{ allow: false, access: 'rwm' }] },
    namespaces: (['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'] as const).map((type) => ({
      type,
    })),
    maskedPaths: MASKED_PATHS,
    readonlyPaths: READONLY_PATHS,
  };
  return {
    ociVersion: '1.3.0',
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ['sh'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm'],
      cwd: '/',
      capabilities: {
        bounding: CAPABILITIES,
        effective: CAPABILITIES,
        permitted: CAPABILITIES,
      },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: true },
    hostname: 'tiffin',
    mounts: [...MOUNTS],
    linux,
  };
}

/** The same for a caller without rights: one id mapped, the host's network, no group 5 for terminals. */
export function rootlessSpec(): RuntimeSpec {
  const spec = defaultSpec();
  const own = { containerID: 0, size: 1 };
  const namespaces = (spec.linux?.namespaces ?? []).filter(({ type }) => type !== 'network');
  return {
    ...spec,
    mounts: MOUNTS.flatMap((mount) => {
      if (mount.type === 'cgroup') return [];
      if (mount.type === 'sysfs') {
        const options = ['rbind', 'nosuid', 'noexec', 'nodev', 'ro'];
        return [{ destination: '/sys', type: 'none', source: '/sys', options }];
      }
      return [{ ...mount, options: mount.options?.filter((option) => option !== 'gid=5') }];
    }),
    linux: {
      ...spec.linux,
      resources: undefined,
      namespaces: [...namespaces, { type: 'user' }],
      uidMappings: [{ ...own, hostID: process.getuid?.() ?? 0 }],
      gidMappings: [{ ...own, hostID: process.getgid?.() ?? 0 }],
    },
  };
}
