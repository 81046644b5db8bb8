/** Facts of machines that tests describe. */

import type { CgroupLayout } from '../../host/cgroup-layout.ts';
import type { HostFacts } from '../../host/facts.ts';

const V1_CONTROLLERS = [
  'cpu',
  'cpuacct',
  'cpuset',
  'memory',
  'pids',
  'devices',
  'freezer',
  'blkio',
];

export const v2Layout: CgroupLayout = {
  mode: 'v2',
  v1: {},
  v2: '/sys/fs/cgroup',
  own: { '': '/user.slice/session' },
  controllers: ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids'],
};

export const v1Layout: CgroupLayout = {
  mode: 'v1',
  v1: Object.fromEntries(V1_CONTROLLERS.map((name) => [name, `/cg/${directory(name)}`])),
  own: Object.fromEntries(V1_CONTROLLERS.map((name) => [name, '/outer'])),
  controllers: [],
};

/** A recent kernel, root, swap counted. */
export function factsOf(cgroup: CgroupLayout, changes: Partial<HostFacts> = {}): HostFacts {
  return {
    kernel: { release: '6.12.0', major: 6, minor: 12 },
    uid: 0,
    gid: 0,
    capabilities: { effective: 0n, permitted: 0n, bounding: 0n },
    initialUserNamespace: true,
    idMapHelpers: { uid: '/usr/bin/newuidmap', gid: '/usr/bin/newgidmap' },
    cgroup,
    cloneIntoCgroup: cgroup.v2 !== undefined,
    swapAccounting: true,
    delegated: undefined,
    delegatedControllers: [],
    cpuCount: 2,
    memoryTotal: 2 ** 31,
    apparmor: false,
    selinux: false,
    ...changes,
  };
}

/** cpu and cpuacct share a hierarchy, as systemd mounts them. */
function directory(controller: string): string {
  return controller.startsWith('cpu') && controller !== 'cpuset' ? 'cpu,cpuacct' : controller;
}
