import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { encodePlan } from '../../src/plan/encode.ts';
import type { Op, Plan, Step } from '../../src/plan/ops.ts';
import type { Stand } from './harness.ts';
import {
  containerPlan,
  exec,
  failure,
  hierarchies,
  isAlive,
  makeStand,
  NEWNS,
  outputText,
  outputUntil,
  rootSteps,
  run,
  runDirectory,
  start,
  step,
  supervise,
} from './harness.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await makeStand();
});
afterAll(() => stand.close());

const NEWUSER = 0x1000_0000n;
const NEWNET = 0x4000_0000n;
const RDONLY = 1n;
const NOSUID = 2n;
const NODEV = 4n;
const NOATIME = 0x10n;
const UNIFIED = hierarchies.find(({ unified }) => unified)?.root ?? '/sys/fs/cgroup';

const inside = (op: Op): Step => step('inside', op);
const bind = (source: string, target: string, more: Partial<Extract<Op, { op: 'bind' }>> = {}) =>
  inside({
    op: 'bind',
    source,
    target,
    recursive: 1,
    set: 0n,
    clear: 0n,
    deepSet: 0n,
    deepClear: 0n,
    tree: 0,
    create: 3,
    propagation: 0n,
    ...more,
  });

test('overlay merges layers from the top down, writes go to the upper directory only', async () => {
  const place = join(stand.scratch, 'overlay, with:odd name');
  const layer = (name: string) => join(place, name);
  for (const name of ['low', 'mid', 'upper', 'work', 'merged']) {
    mkdirSync(layer(name), { recursive: true });
  }
  writeFileSync(join(layer('low'), 'both'), 'low\n');
  writeFileSync(join(layer('low'), 'deep'), 'deep\n');
  writeFileSync(join(layer('mid'), 'both'), 'mid\n');
  const plan: Plan = [
    step('host', supervise(runDirectory(stand))),
    step('host', { op: 'clone', flags: NEWNS, cgroup: '' }),
    inside({ op: 'propagation', target: '/', flags: 0x84000n }),
    inside({
      op: 'overlay',
      target: layer('merged'),
      lower: [layer('mid'), layer('low'), stand.root],
      upper: layer('upper'),
      work: layer('work'),
      options: ['xino=off'],
      attributes: NODEV,
    }),
    inside({ op: 'root', path: layer('merged'), bind: 0 }),
    inside({ op: 'pivot' }),
    exec('sh', '-c', 'cat both deep; echo new > made; busybox rm deep'),
  ];
  expect(await outputText(await start(stand, plan))).toBe('mid\ndeep\n');
  expect(readFileSync(join(layer('upper'), 'made'), 'utf8')).toBe('new\n');
  expect(statSync(join(layer('upper'), 'deep')).isCharacterDevice()).toBe(true);
  expect(readdirSync(layer('merged'))).toEqual([]);
  const index = 3;
  const missing = plan.map((one, at): Step => {
    if (at !== index || one.op.op !== 'overlay') return one;
    return { ...one, op: { ...one.op, lower: ['/no/such/layer'] } };
  });
  expect(await failure(stand, missing)).toMatchObject({
    opIndex: index,
    errno: 2,
    detail: '/no/such/layer',
  });
});

test('bind and mount-attributes change what a mount allows, with its submounts when deep', async () => {
  const shared = join(stand.scratch, 'shared');
  mkdirSync(join(shared, 'sub'), { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(shared, 'sub')]);
  try {
    const { text } = await run(stand, ['busybox', 'cat', '/proc/self/mountinfo'], {
      steps: [
        bind(shared, '/deep', { deepSet: RDONLY | NOSUID | NOATIME }),
        bind(shared, '/flat', { set: RDONLY }),
        bind('/etc/hostname', '/etc/hostname', { recursive: 0, propagation: 1n << 18n }),
        inside({
          op: 'mount-attributes',
          target: '/flat/sub',
          set: NODEV,
          clear: 0n,
          recursive: 0,
          propagation: 0n,
        }),
      ],
    });
    const options = (path: string) =>
      text
        .split('\n')
        .find((line) => line.split(' ')[4] === path)
        ?.split(' ')[5]
        ?.split(',');
    expect(options('/deep')).toEqual(['ro', 'nosuid', 'noatime']);
    expect(options('/deep/sub')).toEqual(['ro', 'nosuid', 'noatime']);
    expect(options('/flat')?.[0]).toBe('ro');
    expect(options('/flat/sub')).toEqual(['rw', 'nodev', 'relatime']);
    expect(options('/etc/hostname')).toBeDefined();
  } finally {
    execFileSync('umount', [join(shared, 'sub')]);
  }
});

test('copy-up fills an empty volume and leaves a used one; copy-into-tmpfs keeps what it covers', async () => {
  const source = join(stand.root, 'data');
  mkdirSync(join(source, 'dir'), { recursive: true });
  writeFileSync(join(source, 'dir/file'), 'content');
  chownSync(join(source, 'dir/file'), 5, 6);
  symlinkSync('dir/file', join(source, 'link'));
  const [empty, used] = ['empty-volume', 'used-volume'].map((name) => join(stand.scratch, name));
  for (const volume of [empty, used]) mkdirSync(String(volume));
  writeFileSync(join(String(used), 'mine'), '');
  const copyUp = (destination: string | undefined): Step =>
    inside({ op: 'copy-up', path: '/data', destination: String(destination) });
  const { text } = await run(
    stand,
    ['sh', '-c', 'cat /data/link; echo > /data/more; busybox ls /data'],
    {
      steps: [
        copyUp(empty),
        copyUp(used),
        inside({ op: 'copy-into-tmpfs', target: '/data', attributes: NOSUID, data: 'mode=750' }),
      ],
    },
  );
  expect(text).toBe('contentdir\nlink\nmore\n');
  expect(readdirSync(source).sort()).toEqual(['dir', 'link']);
  expect(readdirSync(String(used))).toEqual(['mine']);
  expect(statSync(join(String(empty), 'dir/file'))).toMatchObject({ uid: 5, gid: 6 });
  expect(readlinkSync(join(String(empty), 'link'))).toBe('dir/file');
});

test('a user namespace is mapped by child-file while the child awaits, and root in it is root', async () => {
  const map = (file: string, data: string): Step =>
    step('beside', { op: 'child-file', file, data: Buffer.from(data) });
  const [first, ...rest] = rootSteps(stand.root);
  if (first?.op.op !== 'clone') throw new Error('the first step is the clone');
  const plan: Plan = [
    step('host', supervise(runDirectory(stand))),
    { ...first, op: { ...first.op, flags: first.op.flags | NEWUSER } },
    map('setgroups', 'deny'),
    map('uid_map', '0 0 1\n1 100001 1000\n'),
    map('gid_map', '0 0 1\n1 100001 1000\n'),
    step('beside', { op: 'notify', token: 9 }),
    inside({ op: 'await', token: 9 }),
    ...rest,
    inside({ op: 'user', user: '5', group: '7', groups: [], lookup: 0 }),
    inside({ op: 'identity' }),
    exec('sh', '-c', 'cat /proc/self/uid_map; id -u; id -g; busybox stat -c %t,%T /dev/null'),
  ];
  const text = await outputText(await start(stand, plan));
  expect(text.split(/\s+/).filter(Boolean)).toEqual('0 0 1 1 100001 1000 5 7 1,3'.split(' '));
});

test('helper runs a host program with the container’s pid and its arguments, and its last words tell of a failure', async () => {
  const program = join(stand.scratch, 'map-helper');
  const text = '#!/bin/sh\n[ "$2" = no ] && { echo not for you >&2; exit 4; }\n';
  writeFileSync(program, `${text}echo "$3 $4 $5" > /proc/$1/$2\n`, { mode: 0o755 });
  const help = (...args: string[]): Step => step('beside', { op: 'helper', path: program, args });
  const [first, ...rest] = rootSteps(stand.root);
  if (first?.op.op !== 'clone') throw new Error('the first step is the clone');
  const clone: Step = { ...first, op: { ...first.op, flags: first.op.flags | NEWUSER } };
  const plan = (...steps: Step[]): Plan => [
    step('host', supervise(runDirectory(stand))),
    clone,
    ...steps,
    step('beside', { op: 'notify', token: 9 }),
    inside({ op: 'await', token: 9 }),
    ...rest,
    exec('cat', '/proc/self/uid_map', '/proc/self/gid_map'),
  ];
  const maps = plan(help('uid_map', '0', '0', '3'), help('gid_map', '0', '0', '4'));
  const seen = await outputText(await start(stand, maps));
  expect(seen.split(/\s+/).filter(Boolean)).toEqual('0 0 3 0 0 4'.split(' '));
  expect(await failure(stand, plan(help('no')))).toMatchObject({
    errno: 125,
    detail: expect.stringContaining('exit status 4: not for you'),
  });
});

test('move-root makes the root the / of its mount namespace', async () => {
  const steps = rootSteps(stand.root).map(
    (one): Step => (one.op.op === 'pivot' ? inside({ op: 'move-root' }) : one),
  );
  const plan = [
    step('host', supervise(runDirectory(stand))),
    ...steps,
    exec('sh', '-c', 'echo /*'),
  ];
  expect(await outputText(await start(stand, plan))).toStartWith('/bin /');
});

test('change-root enters a root in a mount namespace that is shared, and unmount takes it away', async () => {
  const shared = join(stand.scratch, 'shared root');
  const steps = rootSteps(stand.root).flatMap((one): Step[] => {
    if (one.op.op === 'root') {
      const place = bind(stand.root, shared, { create: 1, propagation: 0x44000n });
      return [place, inside({ op: 'root', path: shared, bind: 0 })];
    }
    return [one.op.op === 'pivot' ? inside({ op: 'change-root' }) : one];
  });
  const plan = [
    step('host', supervise(runDirectory(stand))),
    ...steps,
    exec('sh', '-c', 'echo /*'),
    step('teardown', { op: 'unmount', path: shared }),
    step('teardown', { op: 'unmount', path: '/no/such/mount' }),
  ];
  expect(await outputText(await start(stand, plan))).toStartWith('/bin /');
});

test('join enters a namespace by its path, and clone goes into a v2 cgroup', async () => {
  const group = join(UNIFIED, 'tiffin-shim-into');
  const netns = join(stand.scratch, 'netns');
  writeFileSync(netns, '');
  execFileSync('unshare', [`--net=${netns}`, 'true']);
  try {
    const plan: Plan = [
      step('host', supervise(runDirectory(stand))),
      step('host', { op: 'make-directory', path: group, mode: 0o755, exist: 0 }),
      step('host', { op: 'clone', flags: 0n, cgroup: group }),
      step('enter', { op: 'join', path: netns, type: NEWNET }),
      exec('busybox', 'sh', '-c', 'busybox cat /proc/self/cgroup; busybox ls -l /proc/self/ns/net'),
      step('teardown', { op: 'remove-cgroup', path: group }),
    ];
    const text = await outputText(await start(stand, plan));
    expect(text).toContain('0::/tiffin-shim-into\n');
    expect(text).toContain(`net:[${statSync(netns).ino}]`);
  } finally {
    execFileSync('umount', [netns]);
  }
});

test.each(hierarchies)(
  'remove-cgroup in $root kills what is left and removes children',
  async ({ root, tasks }) => {
    const group = join(root, 'tiffin-shim-left');
    const script = `mkdir ${group}/below; (busybox setsid sh -c "echo 0 > ${group}/below/${tasks}; echo \\$\\$; exec sleep 100" &); read x`;
    const plan: Plan = [
      step('host', supervise(runDirectory(stand), { stdin: 1 })),
      step('host', { op: 'make-directory', path: group, mode: 0o755, exist: 0 }),
      step('host', { op: 'clone', flags: 0n, cgroup: '' }),
      inside({ op: 'write', path: `${group}/${tasks}`, data: Buffer.from('0'), ignore: [] }),
      exec('sh', '-c', script.replace('mkdir', 'busybox mkdir')),
      step('teardown', { op: 'remove-cgroup', path: group }),
    ];
    const monitor = await start(stand, plan);
    const left = Number(await outputUntil(monitor, '\n'));
    expect(isAlive(left)).toBe(true);
    await monitor.closeStdin();
    expect(await monitor.exited).toMatchObject({ signal: 0 });
    expect(existsSync(group)).toBe(false);
    expect(isAlive(left)).toBe(false);
  },
);

test('netlink sends route messages, puts the pid in, and says what the kernel refuses', async () => {
  const message = (type: number, flags: number, sequence: number, body: Buffer): Buffer => {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(16 + body.length, 0);
    head.writeUInt16LE(type, 4);
    head.writeUInt16LE(flags, 6);
    head.writeUInt32LE(sequence, 8);
    return Buffer.concat([head, body]);
  };
  /** struct ifinfomsg for a change of interface `index` to up. */
  const up = (index: number): Buffer => {
    const body = Buffer.alloc(16);
    body.writeInt32LE(index, 4);
    body.writeUInt32LE(1, 8);
    body.writeUInt32LE(1, 12);
    return body;
  };
  const [RTM_NEWLINK, REQUEST_ACK] = [16, 5];
  const netlink = (bytes: Buffer, ignore: number[] = []): Step =>
    inside({ op: 'netlink', protocol: 0, message: bytes, pidOffsets: [], ignore });
  const both = Buffer.concat([
    message(RTM_NEWLINK, REQUEST_ACK, 1, up(1)),
    message(RTM_NEWLINK, REQUEST_ACK, 2, up(77)),
  ]);
  const plan = (step: Step): Plan => [
    { stage: 'host', op: supervise(runDirectory(stand)), why: '' },
    { stage: 'host', op: { op: 'clone', flags: NEWNET, cgroup: '' }, why: '' },
    step,
    exec('busybox', 'sh', '-c', 'busybox ip link show lo'),
  ];
  expect(await failure(stand, plan(netlink(both)))).toMatchObject({
    errno: 19,
    detail: 'message 2',
  });
  const text = await outputText(await start(stand, plan(netlink(both, [19]))));
  expect(text).toContain('LOOPBACK,UP');
  expect(await failure(stand, plan(netlink(both.subarray(0, 40))))).toMatchObject({ errno: 74 });
  const outside = { ...netlink(both), op: { ...netlink(both).op, pidOffsets: [both.length - 3] } };
  expect(await failure(stand, plan(outside as Step))).toMatchObject({
    detail: `pid offset ${both.length - 3}`,
  });
});

test('seccomp loads a filter that the program then meets', async () => {
  const instruction = (code: number, yes: number, no: number, value: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt16LE(code, 0);
    bytes.writeUInt8(yes, 2);
    bytes.writeUInt8(no, 3);
    bytes.writeUInt32LE(value, 4);
    return bytes;
  };
  const MKDIR = 83;
  const filter = Buffer.concat([
    instruction(0x20, 0, 0, 0),
    instruction(0x15, 0, 1, MKDIR),
    instruction(0x06, 0, 0, 0x0005_0000 | 30),
    instruction(0x06, 0, 0, 0x7fff_0000),
  ]);
  const seccomp = (bytes: Buffer): Step =>
    inside({ op: 'seccomp', flags: 0, filter: bytes, listener: '', state: [] });
  const { text } = await run(stand, ['sh', '-c', 'busybox mkdir /tmp/refused'], {
    more: [inside({ op: 'no-new-privileges' }), seccomp(filter)],
  });
  expect(text).toContain('Read-only file system');
  expect(existsSync(join(stand.root, 'tmp/refused'))).toBe(false);
  const broken = containerPlan(stand, ['true'], { more: [seccomp(filter.subarray(0, 9))] });
  expect(await failure(stand, broken.plan)).toMatchObject({
    detail: 'filter of 9 bytes',
    errno: 22,
  });
});

test('rlimit, umask, personality, keyring, domainname and capabilities reach the program', async () => {
  const CHOWN_KILL = 0x21n;
  const probe =
    'ulimit -n; umask; busybox uname -m; cat /proc/sys/kernel/domainname; busybox grep Cap /proc/self/status';
  const { text } = await run(stand, ['sh', '-c', probe], {
    steps: [inside({ op: 'domainname', name: 'example' })],
    more: [
      inside({ op: 'rlimit', resource: 7, soft: 321n, hard: 321n }),
      inside({ op: 'umask', mask: 0o027 }),
      inside({ op: 'personality', value: 0x8n }),
      inside({ op: 'keyring', name: 'tiffin-test' }),
      inside({ op: 'user', user: '3', group: '3', groups: [], lookup: 0 }),
      inside({ op: 'bounding', mask: CHOWN_KILL }),
      inside({ op: 'identity' }),
      inside({
        op: 'capabilities',
        effective: CHOWN_KILL,
        permitted: CHOWN_KILL,
        inheritable: CHOWN_KILL,
        ambient: 0x20n,
      }),
    ],
  });
  expect(text).toStartWith('321\n0027\ni686\nexample\n');
  const set = (name: string) => BigInt(`0x${new RegExp(`Cap${name}:\\s+(\\w+)`).exec(text)?.[1]}`);
  expect([set('Bnd'), set('Prm'), set('Amb'), set('Inh')]).toEqual([
    CHOWN_KILL,
    0x20n,
    0x20n,
    CHOWN_KILL,
  ]);
});

test('drop-capabilities gives up rights of all sets, and the ambient ones with them', async () => {
  const CHOWN_KILL = 0x21n;
  const KILL = 0x20n;
  const all = { effective: CHOWN_KILL, permitted: CHOWN_KILL, inheritable: CHOWN_KILL };
  const { text } = await run(stand, ['sh', '-c', 'busybox grep Cap /proc/self/status'], {
    more: [
      inside({ op: 'user', user: '3', group: '3', groups: [], lookup: 0 }),
      inside({ op: 'identity' }),
      inside({ op: 'capabilities', ...all, ambient: CHOWN_KILL }),
      inside({ op: 'drop-capabilities', effective: KILL, permitted: KILL, inheritable: KILL }),
    ],
  });
  const set = (name: string) => BigInt(`0x${new RegExp(`Cap${name}:\\s+(\\w+)`).exec(text)?.[1]}`);
  expect([set('Prm'), set('Eff'), set('Inh'), set('Amb')]).toEqual([KILL, KILL, KILL, KILL]);
});

test('scheduler, io-priority, affinity and memory-policy reach the program', async () => {
  const probe =
    "busybox cut -d' ' -f19,41 /proc/self/stat; busybox ionice -p $$; busybox grep Cpus_allowed_list /proc/self/status; busybox head -n 1 /proc/self/numa_maps";
  const BATCH = 3;
  const batch = { policy: BATCH, flags: 0n, priority: 0, runtime: 0n, deadline: 0n, period: 0n };
  const { text } = await run(stand, ['sh', '-c', probe], {
    steps: [
      inside({ op: 'session' }),
      inside({ op: 'scheduler', ...batch, nice: 2 ** 32 - 4 }),
      inside({ op: 'io-priority', class: 2, priority: 6 }),
      inside({ op: 'affinity', mask: Uint8Array.of(1) }),
      inside({ op: 'memory-policy', mode: 2, nodes: Uint8Array.of(1) }),
    ],
  });
  const [stat, disk, processors, memory = ''] = text.split('\n');
  expect([stat, disk]).toEqual(['-4 3', 'best-effort: prio 6']);
  expect(processors).toBe('Cpus_allowed_list:\t0');
  expect(memory).toContain(' bind:0 ');
  for (const op of [
    { op: 'scheduler', ...batch, policy: 77, nice: 0 },
    { op: 'io-priority', class: 5, priority: 0 },
    { op: 'affinity', mask: new Uint8Array(8) },
    { op: 'memory-policy', mode: 2, nodes: new Uint8Array(0) },
  ] as const) {
    const wrong = containerPlan(stand, ['true'], { steps: [inside(op)] });
    expect([op.op, (await failure(stand, wrong.plan)).errno]).toEqual([op.op, 22]);
  }
});

test('bind takes a tree of mapped-tree once, and mapped-tree names what cannot be mapped', async () => {
  const shared = join(stand.scratch, 'mapped');
  mkdirSync(shared, { recursive: true });
  writeFileSync(join(shared, 'file'), '');
  chownSync(join(shared, 'file'), 3, 4);
  const tree = (source: string): Step =>
    step('host', {
      op: 'mapped-tree',
      source,
      recursive: 0,
      deep: 0,
      uids: '0 500 10\n',
      gids: '0 600 10\n',
      namespace: '',
      propagation: 1n << 18n,
    });
  const withTree = (trees: readonly Step[], binds: readonly Step[], program: string[]) => {
    const { plan, ...rest } = containerPlan(stand, program, { steps: binds });
    const [first, ...more] = plan;
    return { plan: first === undefined ? [] : [first, ...trees, ...more], ...rest };
  };
  const once = bind(shared, '/mnt', { tree: 1 });
  const twice = withTree([tree(shared)], [once, once], ['true']);
  expect(await failure(stand, twice.plan)).toMatchObject({ errno: 9, detail: shared });
  const none = withTree([], [once], ['true']);
  expect(await failure(stand, none.plan)).toMatchObject({ errno: 9 });
  const refused = withTree([tree('/proc')], [], ['true']);
  expect(await failure(stand, refused.plan)).toMatchObject({ errno: 22, detail: '/proc' });
});

test('bind-below follows links that stay below the source only, and unmount takes absence for success', async () => {
  const base = join(stand.scratch, 'below');
  mkdirSync(join(base, 'real'), { recursive: true });
  writeFileSync(join(base, 'real/file'), 'seen');
  symlinkSync('real', join(base, 'inner'));
  symlinkSync('../..', join(base, 'outer'));
  symlinkSync('/etc', join(base, 'absolute'));
  const below = (path: string) =>
    inside({
      op: 'bind-below',
      source: base,
      path,
      target: '/mnt',
      recursive: 1,
      set: 0n,
      clear: 0n,
      propagation: 0n,
    });
  expect(await run(stand, ['cat', '/mnt/file'], { steps: [below('inner')] })).toEqual({
    text: 'seen',
    status: 0,
  });
  const outcomes: [string, number][] = [
    ['outer', 18],
    ['absolute', 18],
    ['real/../..', 18],
    ['nothing', 2],
  ];
  for (const [path, errno] of outcomes) {
    const { plan } = containerPlan(stand, ['true'], { steps: [below(path)] });
    expect(await failure(stand, plan)).toMatchObject({ errno, detail: `${base}/${path}` });
  }
  const unmount = (path: string) => step('teardown', { op: 'unmount', path });
  const more = [unmount(join(base, 'nothing')), unmount(join(base, 'real'))];
  const { plan } = containerPlan(stand, ['true'], { more });
  expect((await (await start(stand, plan)).exited)?.status).toBe(0);
});

test('network-device names the device that is not there', async () => {
  const { plan } = containerPlan(stand, ['true']);
  const [first, ...rest] = plan;
  const move = step('beside', { op: 'network-device', name: 'nothere0', rename: '' });
  const all = first === undefined ? [] : [first, move, ...rest];
  expect(await failure(stand, all)).toMatchObject({ errno: 19, detail: 'nothere0' });
});

test('device-filter decides over devices in a v2 cgroup', async () => {
  const group = join(UNIFIED, 'tiffin-shim-devices');
  /** mov r0, value; exit. */
  const answer = (value: number): Uint8Array =>
    Uint8Array.of(0xb7, 0, 0, 0, value, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0);
  const plan = (value: number): Plan => [
    step('host', supervise(runDirectory(stand))),
    step('host', { op: 'make-directory', path: group, mode: 0o755, exist: 0 }),
    step('host', { op: 'device-filter', cgroup: group, program: answer(value) }),
    step('host', { op: 'clone', flags: 0n, cgroup: group }),
    exec('busybox', 'sh', '-c', 'busybox head -c 1 /dev/zero | busybox wc -c'),
    step('teardown', { op: 'remove-cgroup', path: group }),
  ];
  expect(await outputText(await start(stand, plan(1)))).toBe('1\n');
  expect(await outputText(await start(stand, plan(0)))).toContain('Operation not permitted');
  expect(existsSync(group)).toBe(false);
});

test('inherit copies to a blank file only, owner and unlink pass over absence', async () => {
  const file = (name: string) => join(stand.scratch, name);
  writeFileSync(file('from'), '0-1\n');
  writeFileSync(file('blank'), '\n');
  writeFileSync(file('full'), '1\n');
  const host = (op: Op): Step => step('host', op);
  const plan: Plan = [
    host({ op: 'inherit', from: file('from'), to: file('blank') }),
    host({ op: 'inherit', from: file('from'), to: file('full') }),
    host({ op: 'owner', path: file('full'), uid: 3, gid: 4 }),
    host({ op: 'owner', path: file('absent'), uid: 3, gid: 4 }),
    host({ op: 'unlink', path: file('absent') }),
    host({ op: 'write', path: file('absent'), data: Buffer.from('x'), ignore: [2] }),
  ];
  expect(await stand.launcher.apply(encodePlan(plan))).toMatchObject({ ok: true });
  expect(readFileSync(file('blank'), 'utf8')).toBe('0-1\n');
  expect(readFileSync(file('full'), 'utf8')).toBe('1\n');
  expect(statSync(file('full'))).toMatchObject({ uid: 3, gid: 4 });
  rmSync(file('blank'));
});

test('reserve-port holds a port as long as the container lives and names it when taken', async () => {
  const reserve = step('host', {
    op: 'reserve-port',
    protocol: 6,
    address: '127.0.0.1',
    port: 47124,
  });
  const { plan } = containerPlan(stand, ['sh', '-c', 'read x'], { supervise: { stdin: 1 } });
  const holder = await start(stand, [reserve, ...plan]);
  expect(await failure(stand, [reserve, ...plan])).toMatchObject({
    errno: 98,
    detail: '127.0.0.1:47124',
  });
  await holder.closeStdin();
  await holder.exited;
  expect(await stand.launcher.apply(encodePlan([reserve]))).toMatchObject({ ok: true });
});

test('await-link waits until both ends of a cable are up, and goes on after its time', async () => {
  const wait = (name: string, milliseconds: number) =>
    encodePlan([step('host', { op: 'await-link', name, milliseconds })]);
  const ip = (...args: string[]) => Bun.spawnSync(['ip', 'link', ...args]);
  ip('add', 'tfwait0', 'type', 'veth', 'peer', 'name', 'tfwait1');
  try {
    ip('set', 'tfwait0', 'up');
    const began = performance.now();
    expect(await stand.launcher.apply(wait('tfwait0', 100))).toMatchObject({ ok: true });
    expect(performance.now() - began).toBeGreaterThan(99);
    const apply = stand.launcher.apply(wait('tfwait0', 60_000));
    ip('set', 'tfwait1', 'up');
    expect(await apply).toMatchObject({ ok: true });
    expect(ip('show', 'tfwait0').stdout.toString()).toContain('state UP');
    expect(await stand.launcher.apply(wait('tfwait2', 100))).toMatchObject({
      ok: false,
      failure: { errno: 19, detail: 'tfwait2' },
    });
  } finally {
    ip('delete', 'tfwait0');
  }
});

test('resolver passes queries to the subscriber and answers back, over UDP and TCP', async () => {
  const resolver = step('inside', { op: 'resolver', address: '127.0.0.11', port: 47153 });
  const { plan } = containerPlan(stand, ['sh', '-c', 'read x'], {
    supervise: { stdin: 1 },
    more: [resolver],
  });
  const holder = await start(stand, plan);
  const datagram = Promise.withResolvers<string>();
  const udp = await Bun.udpSocket({
    connect: { hostname: '127.0.0.11', port: 47153 },
    socket: { data: (_, bytes) => datagram.resolve(bytes.toString()) },
  });
  // Nobody listens yet: the questions wait.
  udp.send('hello');
  const stream = Promise.withResolvers<void>();
  let read = '';
  const tcp = await Bun.connect({
    hostname: '127.0.0.11',
    port: 47153,
    socket: {
      data: (_, bytes) => {
        read += bytes.toString('latin1');
        if (read.length === 2 * (2 + 60_000)) stream.resolve();
      },
    },
  });
  // Two questions, the second in pieces; each answer fills most of a frame.
  tcp.write('\0\x03one\0\x03t');
  const seen: string[] = [];
  await holder.serveQueries(async (message, transport) => {
    const text = Buffer.from(message).toString();
    seen.push(`${transport} ${text}`);
    if (text === 'one') tcp.write('wo');
    return Buffer.from(transport === 'udp' ? text.toUpperCase() : text.padEnd(60_000, '.'));
  });
  expect(await datagram.promise).toBe('HELLO');
  await stream.promise;
  expect(read.slice(0, 5)).toBe('\xea\x60one');
  expect(read.slice(60_002, 60_007)).toBe('\xea\x60two');
  expect(seen.sort()).toEqual(['tcp one', 'tcp two', 'udp hello']);
  udp.close();
  tcp.end();
  await holder.closeStdin();
  await holder.exited;
});

test('resolver stops reading at 64 queries without an answer, and goes on with them', async () => {
  const resolver = step('inside', { op: 'resolver', address: '127.0.0.11', port: 47154 });
  const { plan } = containerPlan(stand, ['sh', '-c', 'read x'], {
    supervise: { stdin: 1 },
    more: [resolver],
  });
  const holder = await start(stand, plan);
  const all = Promise.withResolvers<void>();
  const sixtyFour = Promise.withResolvers<void>();
  let answers = 0;
  const udp = await Bun.udpSocket({
    connect: { hostname: '127.0.0.11', port: 47154 },
    socket: {
      data: () => {
        answers += 1;
        if (answers === 100) all.resolve();
      },
    },
  });
  for (let at = 0; at < 100; at += 1) udp.send(`query ${at}`);
  const gate = Promise.withResolvers<void>();
  let asked = 0;
  await holder.serveQueries(async (message) => {
    asked += 1;
    if (asked === 64) sixtyFour.resolve();
    await gate.promise;
    return message;
  });
  await sixtyFour.promise;
  // A frame that comes after all that the monitor sent before.
  await holder.signal(0);
  expect(asked).toBe(64);
  gate.resolve();
  await all.promise;
  udp.close();
  await holder.closeStdin();
  await holder.exited;
});

test('launch refuses a plan that is no plan', async () => {
  for (const bytes of [Buffer.from('TFN1'), encodePlan([]).subarray(0, 19), Buffer.alloc(64)]) {
    const result = await stand.launcher.launch(bytes);
    expect(result).toMatchObject({ ok: false, failure: { errno: 74, detail: 'plan' } });
  }
});
