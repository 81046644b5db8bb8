/** The mounts of a container: Docker's default ones, the engine's three files, and the person's own. */

import type { HostConfig } from '../../spec/docker.ts';
import type { Mount } from '../../spec/runtime/index.ts';
import type { IdMap } from '../containers/idmap.ts';
import type { MountRecord } from '../containers/mount-record.ts';
import type { NamespaceModes } from './namespaces.ts';
import { parseSecurityOptions } from './security.ts';

const DEFAULT_SHM_BYTES = 64 * 1024 * 1024;

/** Files of the engine that stand for parts of /etc; empty paths are left out. */
export interface EtcFiles {
  hosts: string;
  hostname: string;
  resolvConf: string;
}

export interface MountInput {
  host: HostConfig;
  modes: NamespaceModes;
  mounts: readonly MountRecord[];
  files: EtcFiles;
  /** Host path of a /dev/shm that is shared. */
  shm?: string | undefined;
  /** Of a user namespace of its own: what the engine made belongs to the container's ids. */
  users?: IdMap | undefined;
}

/** In the order of mounting: a parent before what lies in it. */
export function toMounts(input: MountInput): Mount[] {
  const own = input.mounts.map((mount) =>
    ownMount(mount.type === 'volume' && input.users ? { ...mount, idmap: input.users } : mount),
  );
  const taken = new Set(own.map((mount) => mount.destination));
  const defaults = [...kernelMounts(input), ...etcMounts(input.files, input.users)];
  const mounts = [...defaults.filter((mount) => !taken.has(mount.destination)), ...own];
  // Stable: mounts of one depth keep their order.
  return mounts.sort((a, b) => depth(a.destination) - depth(b.destination));
}

function kernelMounts({ host, modes, shm }: MountInput): Mount[] {
  const readOnly = host.Privileged ? 'rw' : 'ro';
  const cgroups = parseSecurityOptions(host.SecurityOpt).writableCgroups ? 'rw' : readOnly;
  return [
    kernelMount('proc', '/proc', ['nosuid', 'noexec', 'nodev']),
    { ...kernelMount('tmpfs', '/dev', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']) },
    kernelMount('devpts', '/dev/pts', [
      'nosuid',
      'noexec',
      'newinstance',
      'ptmxmode=0666',
      'mode=0620',
      'gid=5',
    ]),
    kernelMount('sysfs', '/sys', ['nosuid', 'noexec', 'nodev', readOnly]),
    kernelMount('cgroup', '/sys/fs/cgroup', ['nosuid', 'noexec', 'nodev', cgroups]),
    ...ipcMounts(host, modes, shm),
  ];
}

function ipcMounts(host: HostConfig, modes: NamespaceModes, shm: string | undefined): Mount[] {
  // A new mount of mqueue shows the queues of the ipc namespace it is made in, the host's included.
  const mqueue = kernelMount('mqueue', '/dev/mqueue', ['nosuid', 'noexec', 'nodev']);
  if (modes.ipc.kind === 'host') return [mqueue, HOST_SHM];
  if (shm !== undefined) return [mqueue, { ...HOST_SHM, source: shm }];
  if (host.IpcMode === 'none') return [mqueue];
  const size = host.ShmSize > 0 ? host.ShmSize : DEFAULT_SHM_BYTES;
  const options = ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${size}`];
  return [mqueue, { ...kernelMount('tmpfs', '/dev/shm', options), source: 'shm' }];
}

const HOST_SHM: Mount = {
  destination: '/dev/shm',
  type: 'bind',
  source: '/dev/shm',
  options: ['rbind', 'rprivate', 'nosuid', 'noexec', 'nodev'],
};

function kernelMount(type: string, destination: string, options: string[]): Mount {
  return { destination, type, source: type, options };
}

function etcMounts(files: EtcFiles, users: IdMap | undefined): Mount[] {
  const pairs: [string, string][] = [
    ['/etc/resolv.conf', files.resolvConf],
    ['/etc/hostname', files.hostname],
    ['/etc/hosts', files.hosts],
  ];
  return pairs
    .filter(([, source]) => source !== '')
    .map(([destination, source]) => ({
      destination,
      type: 'bind',
      source,
      ...mapped(['bind', 'rprivate'], users),
    }));
}

function ownMount(mount: MountRecord): Mount {
  const access = mount.readOnly ? ['ro'] : ['rw'];
  if (mount.type === 'tmpfs') {
    const options = ['nosuid', 'nodev', 'noexec', ...access, ...mount.options];
    return { destination: mount.destination, type: 'tmpfs', source: 'tmpfs', options };
  }
  const submounts = mount.readOnly && mount.readOnlySubmounts ? ['rro'] : access;
  const bind = mount.recursive ? 'rbind' : 'bind';
  const propagation = mount.propagation === '' ? 'rprivate' : mount.propagation;
  return {
    destination: mount.destination,
    type: 'bind',
    source: mount.source,
    ...mapped([bind, propagation, ...submounts], mount.idmap),
  };
}

function mapped(
  options: string[],
  idmap: IdMap | undefined,
): Pick<Mount, 'options' | 'uidMappings' | 'gidMappings'> {
  if (idmap === undefined) return { options };
  return { options: [...options, 'idmap'], uidMappings: idmap.uids, gidMappings: idmap.gids };
}

function depth(path: string): number {
  return path.split('/').filter((part) => part !== '').length;
}
