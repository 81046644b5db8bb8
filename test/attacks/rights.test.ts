/** Who somebody is inside, and what of the kernel can be reached: names, groups, devices, kernel settings, control groups. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestEngine } from '../integration/harness.ts';
import { mustLoad } from './support.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await TestEngine.start();
  await mustLoad(engine, 'attack', {});
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** Uid, gid and all groups, as the kernel has them. */
const WHO = ['sh', '-c', 'id -u; id -g; grep Groups: /proc/self/status'];

function who(text: string): { uid: string; gid: string; groups: string } {
  const [uid = '', gid = '', groups = ''] = text.split('\n');
  return { uid, gid, groups: groups.replace('Groups:', '').trim() };
}

test('a number is a number although the image has a user and a group of that name with id 0 (CVE-2016-3697)', async () => {
  await mustLoad(engine, 'numeric', {
    config: { User: '1000' },
    build: (root) => {
      writeFileSync(join(root, 'etc/passwd'), '1000:x:0:0::/:/bin/sh\nroot:x:0:0::/:/bin/sh\n');
      writeFileSync(join(root, 'etc/group'), '1000:x:0:1000\nroot:x:0:1000\n2000:x:0:\n');
    },
  });
  const id = await engine.ok('run', '-d', 'numeric', 'sleep', '1000');
  for (const entry of [
    ['run', '--rm', 'numeric'],
    ['exec', id],
  ]) {
    const [verb = '', ...rest] = entry;
    // No entry of passwd has that number: the group is 0, as for Docker. The user of that name is somebody else.
    expect(who(await engine.ok(verb, ...rest, ...WHO))).toEqual({
      uid: '1000',
      gid: '0',
      groups: '0',
    });
    const given = ['-u', '1000:2000'];
    expect(who(await engine.ok(verb, ...given, ...rest, ...WHO))).toEqual({
      uid: '1000',
      gid: '2000',
      groups: '2000',
    });
  }
  await engine.ok('rm', '-f', id);
});

test('the group of a user is one of its groups, and no other is (CVE-2022-36109, CVE-2018-10856)', async () => {
  const cases: [string[], { uid: string; gid: string; groups: string }][] = [
    [['-u', '1000:1000'], { uid: '1000', gid: '1000', groups: '1000' }],
    [['-u', '1000:2000'], { uid: '1000', gid: '2000', groups: '2000' }],
    [['-u', '1000:1000', '--group-add', '77'], { uid: '1000', gid: '1000', groups: '77 1000' }],
  ];
  for (const [options, expected] of cases) {
    const id = await engine.ok('run', '-d', ...options, 'attack', 'sleep', '1000');
    const first = await engine.ok('exec', id, 'grep', 'Groups:', '/proc/1/status');
    const found = first.replace('Groups:', '').trim().split(' ').sort().join(' ');
    expect({ options, found }).toEqual({
      options,
      found: expected.groups.split(' ').sort().join(' '),
    });
    const { uid, gid } = who(await engine.ok('exec', id, ...WHO));
    expect({ uid, gid }).toEqual({ uid: expected.uid, gid: expected.gid });
    await engine.ok('rm', '-f', id);
  }
});

test('root of a container can make the node of a disk, but not open it: the device list allows, it does not forbid', async () => {
  const disk = readFileSync('/proc/partitions', 'utf8')
    .split('\n')
    .map((line) => /^ +(\d+) +(\d+) /.exec(line))
    .find((match) => match !== null);
  if (disk === undefined || disk === null) throw new Error('this machine has no block device');
  const [, major = '', minor = ''] = disk;
  const nodes = [
    `b ${major} ${minor}`,
    'c 1 1',
    'c 1 2',
    'c 1 4',
    'c 10 229',
    'c 10 234',
    'c 10 237',
  ];
  const script = nodes
    .map(
      (node, at) =>
        `busybox mknod /tmp/n${at} ${node} && (: < /tmp/n${at}) 2>/dev/null && echo open ${node}; (: > /tmp/n${at}) 2>/dev/null && echo write ${node}`,
    )
    .join('\n');
  const all = `${script}\nbusybox mknod /tmp/null c 1 3 && : < /tmp/null && echo null`;
  expect(await engine.ok('run', '--rm', 'attack', 'sh', '-c', all)).toBe('null');
});

test('kernel paths that tell or change the host are hidden or read-only, in run and in exec (CVE-2018-10892, CVE-2017-16539)', async () => {
  const hidden = [
    '/proc/acpi',
    '/proc/asound',
    '/proc/interrupts',
    '/proc/kcore',
    '/proc/keys',
    '/proc/latency_stats',
    '/proc/sched_debug',
    '/proc/scsi',
    '/proc/timer_list',
    '/proc/timer_stats',
    '/sys/devices/virtual/powercap',
    '/sys/firmware',
  ];
  const list = hidden
    .map((path) => `[ -d ${path} ] && ls ${path} || [ ! -e ${path} ] || head -c 16 ${path} | wc -c`)
    .join('\n');
  const id = await engine.ok('run', '-d', 'attack', 'sleep', '1000');
  for (const text of [
    await engine.ok('run', '--rm', 'attack', 'sh', '-c', list),
    await engine.ok('exec', id, 'sh', '-c', list),
  ]) {
    expect(new Set(text.split('\n').filter((line) => line !== '0' && line !== ''))).toEqual(
      new Set(),
    );
  }
  // The same list finds something where nothing is hidden.
  const open = ['--security-opt', 'systempaths=unconfined'];
  expect(await engine.ok('run', '--rm', ...open, 'attack', 'sh', '-c', list)).toMatch(/\d|[a-z]/);
  const writes = [
    '/proc/sysrq-trigger',
    '/proc/sys/kernel/core_pattern',
    '/proc/irq/default_smp_affinity',
    '/proc/bus/x',
    '/sys/kernel/uevent_helper',
    '/sys/power/state',
  ];
  for (const path of writes) {
    const result = await engine.tiffin(['exec', id, 'sh', '-c', `echo x > ${path}`]);
    expect({ path, refused: result.status !== 0 }).toEqual({ path, refused: true });
    expect(result.stderr).toMatch(/Read-only file system|nonexistent|No such file|denied/);
  }
  await engine.ok('rm', '-f', id);
});

test('settings that belong to the host are refused by name (CVE-2022-0811)', async () => {
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
  const refused: string[][] = [
    ['--sysctl', 'kernel.core_pattern=|/evil'],
    ['--sysctl', 'kernel.shm_rmid_forced=1+kernel.core_pattern=|/evil'],
    ['--sysctl', 'kernel.shm_rmid_forced=1\nkernel.core_pattern=|/evil'],
    ['--sysctl', 'net/../kernel/core_pattern=|/evil'],
    ['--sysctl', 'net.../kernel/core_pattern=|/evil'],
    ['--sysctl', 'net.ipv4.ip_forward/../../../kernel/core_pattern=|/evil'],
    ['--network', 'host', '--sysctl', 'net.ipv4.ip_forward=1'],
    ['--ipc', 'host', '--sysctl', 'kernel.shmmax=1'],
  ];
  for (const options of refused) {
    const result = await engine.tiffin(['run', '--rm', ...options, 'attack', 'echo', 'ran']);
    expect({ options, stdout: result.stdout }).toEqual({ options, stdout: '' });
    expect(result.status).toBe(125);
  }
  expect(readFileSync('/proc/sys/kernel/core_pattern', 'utf8')).toBe(pattern);
});

test('no release_agent can be written, by no hierarchy and not through a new namespace (CVE-2022-0492)', async () => {
  const agents = () =>
    readdirSync('/sys/fs/cgroup').flatMap((name) => {
      try {
        return [`${name} ${readFileSync(join('/sys/fs/cgroup', name, 'release_agent'), 'utf8')}`];
      } catch {
        return [];
      }
    });
  const before = agents();
  const script = [
    'for f in /sys/fs/cgroup/release_agent /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/notify_on_release; do',
    '  [ -e $f ] && (echo /evil > $f) 2>/dev/null && echo wrote $f; done',
    'mkdir -p /tmp/g; mount -t cgroup -o memory none /tmp/g 2>/dev/null && echo mounted',
    'busybox unshare -U true 2>/dev/null && echo user; busybox unshare -m true 2>/dev/null && echo mounts; echo end',
  ].join('\n');
  for (const options of [[], ['--cap-add', 'DAC_OVERRIDE'], ['--cgroupns', 'host']]) {
    expect(await engine.ok('run', '--rm', ...options, 'attack', 'sh', '-c', script)).toBe('end');
  }
  expect(agents()).toEqual(before);
});

test('a working directory that leads out of the image is made inside or not at all (CVE-2026-55686)', async () => {
  const host = join(engine.directory, 'workdir');
  mkdirSync(host);
  await mustLoad(engine, 'led-out', {
    config: { WorkingDir: '/led/made' },
    build: (root) => symlinkSync(`../../../../../../..${host}`, join(root, 'led')),
  });
  await engine.tiffin(['run', '--rm', 'led-out', 'true']);
  await engine.tiffin(['run', '--rm', '-w', '/led/other/deep', 'led-out', 'true']);
  expect(readdirSync(host)).toEqual([]);
});

test('signals from within reach nobody outside: the monitor records the end of its container', async () => {
  for (const script of ['kill -9 -1; kill -9 0; exit 7', 'kill -9 $PPID; (kill -9 0); exit 7']) {
    const id = await engine.ok('run', '-d', 'attack', 'sh', '-c', script);
    expect(await engine.ok('wait', id)).toBe('7');
    expect(await engine.ok('inspect', '-f', '{{.State.Status}}', id)).toBe('exited');
    await engine.ok('rm', id);
  }
  const id = await engine.ok('run', '-d', 'attack', 'sleep', '1000');
  const exec = await engine.tiffin(['exec', id, 'sh', '-c', 'kill -9 0']);
  expect(exec.status).toBe(137);
  expect(await engine.ok('exec', id, 'echo', 'alive')).toBe('alive');
  await engine.ok('rm', '-f', id);
});
