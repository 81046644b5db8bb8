import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { cgroupLayout, parseCgroupMounts, parseOwnCgroups } from './cgroup-layout.ts';
import { gatherFacts, hostFacts, isInitialMap, parseRelease, parseStatus } from './facts.ts';

const HYBRID = `22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 25 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
31 30 0:28 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
32 30 0:29 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
33 30 0:30 /docker/x /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct
34 30 0:31 / /sys/fs/cgroup/my\\040memory rw - cgroup cgroup rw,memory,release_agent=/x
`;
const OWN = `5:memory:/user/a
4:cpu,cpuacct:/docker/x/inner
1:name=systemd:/
0::/session:1
`;

test('cgroupLayout: hybrid, with shared hierarchies, roots of bind mounts and escaped names', () => {
  const layout = cgroupLayout(HYBRID, OWN, () => 'hugetlb misc\n');
  expect({ ...layout, v1: { ...layout.v1 }, own: { ...layout.own } }).toEqual({
    mode: 'hybrid',
    v1: {
      'name=systemd': '/sys/fs/cgroup/systemd',
      cpu: '/sys/fs/cgroup/cpu,cpuacct',
      cpuacct: '/sys/fs/cgroup/cpu,cpuacct',
      memory: '/sys/fs/cgroup/my memory',
    },
    v2: '/sys/fs/cgroup/unified',
    own: {
      '': '/session:1',
      'name=systemd': '/',
      cpu: '/inner',
      cpuacct: '/inner',
      memory: '/user/a',
    },
    controllers: ['hugetlb', 'misc'],
  });
});

test('cgroupLayout: v2 alone, v1 alone, and no cgroups', () => {
  const v2 = '31 30 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n';
  const v1 = '33 30 0:30 / /cg/pids rw - cgroup cgroup rw,pids\n';
  expect(cgroupLayout(v2, '0::/\n', () => '').mode).toBe('v2');
  expect(cgroupLayout(v1, '1:pids:/\n', () => '')).toMatchObject({ mode: 'v1', controllers: [] });
  expect(cgroupLayout('', '', () => '').mode).toBe('none');
});

test('parseCgroupMounts: a mount point that looks like a cgroup line is none', () => {
  expect(parseCgroupMounts('40 1 0:9 / /mnt/\\040-\\040cgroup rw - ext4 /dev/x rw\n')).toEqual([]);
});

test('parseOwnCgroups: paths may contain colons', () => {
  expect(parseOwnCgroups('3:pids:/a:b\nbroken\n').get('pids')).toBe('/a:b');
});

test('parseRelease: major and minor of any vendor string', () => {
  expect(parseRelease('5.10.0-28-amd64')).toEqual({
    release: '5.10.0-28-amd64',
    major: 5,
    minor: 10,
  });
  expect(parseRelease('6.18')).toMatchObject({ major: 6, minor: 18 });
});

test('parseStatus: the effective uid and gid and the masks', () => {
  const text =
    'Uid:\t1000\t0\t0\t0\nGid:\t7\t8\t9\t9\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000000003\nCapBnd:\t0000000000000001\n';
  expect(parseStatus(text)).toEqual({
    uid: 0,
    gid: 8,
    capabilities: { effective: 3n, permitted: (1n << 41n) - 1n, bounding: 1n },
  });
});

test('isInitialMap: only the identity over all uids', () => {
  expect(isInitialMap('         0          0 4294967295\n')).toBe(true);
  expect(isInitialMap('         0     100000      65536\n')).toBe(false);
  expect(isInitialMap(undefined)).toBe(false);
});

test('hostFacts: tells what procfs tells, once gathered stays the same object', () => {
  const facts = hostFacts();
  expect(hostFacts()).toBe(facts);
  expect(facts.uid).toBe(process.geteuid?.() ?? -1);
  const effective = /CapEff:\s+([0-9a-f]+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  expect(facts.capabilities.effective).toBe(BigInt(`0x${effective}`));
  expect(facts.cpuCount).toBeGreaterThan(0);
  expect(Object.getOwnPropertyDescriptor(facts, 'cpuCount')?.get).toBeUndefined();
});

test('gatherFacts: lazy facts are read when asked for, and are there for whoever copies the object', () => {
  const facts = gatherFacts();
  expect(Object.getOwnPropertyDescriptor(facts, 'selinux')?.get).toBeFunction();
  const copy = { ...facts };
  expect(typeof copy.selinux).toBe('boolean');
  expect(typeof copy.initialUserNamespace).toBe('boolean');
});
