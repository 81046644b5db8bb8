import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { connectMonitor } from '../../src/host/monitor.ts';
import { encodePlan } from '../../src/plan/encode.ts';
import type { Op, Plan, Step } from '../../src/plan/ops.ts';
import { STAGES } from '../../src/plan/ops.ts';
import type { Stand } from './harness.ts';
import {
  containerPlan,
  descendants,
  exec,
  failure,
  hierarchies,
  makeStand,
  NEWNS,
  NEWPID,
  outputText,
  outputUntil,
  RSLAVE,
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

const ENOENT = 2;
const EACCES = 13;
const ENOEXEC = 8;
const ELOOP = 40;
const INSIDE = STAGES.indexOf('inside');

const user = (name: string, more: { group?: string; groups?: string[] } = {}): Step =>
  step('inside', {
    op: 'user',
    user: name,
    group: more.group ?? '',
    groups: more.groups ?? [],
    lookup: 1,
  });
const unprivileged: Step[] = [
  step('inside', { op: 'bounding', mask: 0n }),
  step('inside', { op: 'identity' }),
  step('inside', {
    op: 'capabilities',
    effective: 0n,
    permitted: 0n,
    inheritable: 0n,
    ambient: 0n,
  }),
  step('inside', { op: 'no-new-privileges' }),
];

test('launch runs a program in its own root and gives its output, streams apart, and its status', async () => {
  const { plan } = containerPlan(stand, ['sh', '-c', 'echo out; echo err >&2; exit 7']);
  const monitor = await start(stand, plan);
  const text = { 1: '', 2: '' };
  for await (const { stream, bytes } of monitor.output) {
    text[stream] += new TextDecoder().decode(bytes);
  }
  expect(text).toEqual({ 1: 'out\n', 2: 'err\n' });
  const record = await monitor.exited;
  expect(record).toMatchObject({ status: 7, signal: 0 });
  expect(record?.startedNs).toBe(monitor.startedNs);
  expect(Number(record?.endedNs)).toBeGreaterThan(Number(record?.startedNs));
});

test('launch says how long each operation took, and which did not run', async () => {
  const { plan } = containerPlan(stand, ['nowhere']);
  const result = await stand.launcher.launch(encodePlan(plan));
  expect(result.ok).toBe(false);
  expect(result.durations).toHaveLength(plan.length);
  const last = plan.length - 1;
  expect(result.durations.subarray(0, last).every((ns) => ns > 0 && ns < 1e9)).toBe(true);
});

test('launch leaves only 0, 1 and 2 open and no capability, dumpable or privilege behind', async () => {
  const probe = 'ls -a /proc/self/fd; grep -E "^(Cap|NoNew|SigIgn|SigBlk)" /proc/self/status; id';
  const { text } = await run(
    stand,
    ['busybox', 'sh', '-c', probe.replaceAll(/\b(ls|grep|id)\b/g, 'busybox $1')],
    {
      more: [user('12', { group: '13', groups: ['14'] }), ...unprivileged],
    },
  );
  expect(text).toContain('uid=12 gid=13 groups=13,14');
  for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) {
    expect(text).toMatch(new RegExp(`Cap${set}:\\s+0{16}`));
  }
  expect(text).toMatch(/NoNewPrivs:\s+1/);
  expect(text).toMatch(/SigBlk:\s+0{16}/);
  expect(text).toMatch(/SigIgn:\s+0{16}/);
  // `ls` itself holds one more.
  expect(text.split('\n').filter((line) => /^\d+$/.test(line))).toEqual(['0', '1', '2', '3']);
});

test('apply runs host steps without a container and reports the one that fails', async () => {
  const made = join(stand.scratch, 'made');
  const make = step('host', { op: 'make-directory', path: made, mode: 0o750, exist: 0 });
  expect(await stand.launcher.apply(encodePlan([make]))).toMatchObject({ ok: true });
  expect(existsSync(made)).toBe(true);
  const gone = step('teardown', { op: 'remove-directory', path: made });
  const result = await stand.launcher.apply(encodePlan([make, gone]));
  expect(result).toMatchObject({ ok: false, failure: { opIndex: 0, errno: 17, detail: made } });
  expect(existsSync(made)).toBe(false);
});

test('launch tells what is missing for exec: the program, its interpreter, its machine, its permission', async () => {
  const bin = join(stand.root, 'bin');
  writeFileSync(join(bin, 'script'), '#!/no/such -x\n', { mode: 0o755 });
  writeFileSync(join(bin, 'plain'), 'echo', { mode: 0o644 });
  writeFileSync(join(bin, 'noise'), 'neither script nor program', { mode: 0o755 });
  const foreign = readFileSync('/bin/busybox').subarray(0, 4096);
  foreign.writeUInt16LE(183, 18);
  writeFileSync(join(bin, 'arm'), foreign, { mode: 0o755 });
  const fails = async (name: string) => {
    const { opIndex, stage, ...rest } = await failure(stand, containerPlan(stand, [name]).plan);
    expect(stage).toBe(INSIDE);
    return rest;
  };
  expect(await fails('missing')).toEqual({ errno: ENOENT, detail: 'missing' });
  expect(await fails('/bin/missing')).toEqual({ errno: ENOENT, detail: '/bin/missing' });
  expect(await fails('script')).toEqual({
    errno: ENOENT,
    detail: 'interpreter /no/such /bin/script',
  });
  expect(await fails('plain')).toEqual({ errno: EACCES, detail: '/bin/plain' });
  expect(await fails('noise')).toEqual({ errno: ENOEXEC, detail: 'format /bin/noise' });
  expect(await fails('arm')).toEqual({ errno: ENOEXEC, detail: 'format aarch64 /bin/arm' });
  expect(await fails('/bin')).toMatchObject({ errno: 21, detail: '/bin' });
});

test('user looks names up in the container and refuses what passwd does not hold', async () => {
  writeFileSync(
    join(stand.root, 'etc/passwd'),
    'root:x:0:0::/root:/bin/sh\nbroken:x:-1:5\n1000:x:0:0::/:\nweb:x:101:102::/srv:/bin/sh\n',
  );
  writeFileSync(join(stand.root, 'etc/group'), 'web:x:102:\nmore:x:103:a,web,b\nlist:x:104:webx\n');
  const who = async (step: Step): Promise<string> =>
    (
      await run(stand, ['sh', '-c', '(id -u; id -g; id -G) 2>/dev/null; echo $HOME'], {
        more: [step, step.op.op === 'user' ? { ...step, op: { op: 'identity' } } : step],
      })
    ).text.replaceAll('\n', ' ');
  expect(await who(user('web'))).toBe('101 102 102 103 /srv ');
  expect(await who(user('web', { group: 'more', groups: ['list', '7'] }))).toBe(
    '101 103 103 7 104 /srv ',
  );
  expect(await who(user('1000'))).toBe('1000 0 0 / ');
  expect(await who(user('4294967294'))).toBe('4294967294 0 0 / ');
  const refused = async (step: Step) =>
    (await failure(stand, containerPlan(stand, ['true'], { more: [step] }).plan)).detail;
  expect(await refused(user('nobody'))).toBe('user nobody');
  expect(await refused(user('4294967296'))).toBe('user 4294967296');
  expect(await refused(user('4294967295'))).toBe('user 4294967295');
  expect(await refused(user('0x0'))).toBe('user 0x0');
  expect(await refused(user('web', { group: 'none' }))).toBe('group none');
});

test('user refuses a passwd that is a fifo or leads out of the root', async () => {
  const other = join(stand.scratch, 'other-root');
  for (const name of ['bin', 'proc', 'etc']) mkdirSync(join(other, name), { recursive: true });
  const secret = join(stand.scratch, 'secret-passwd');
  writeFileSync(secret, 'evil:x:0:0::/:\n');
  symlinkSync(`../../../../../..${secret}`, join(other, 'etc/passwd'));
  const plan = (root: string): Plan => [
    step('host', supervise(runDirectory(stand))),
    ...rootSteps(root),
    user('evil'),
    exec('true'),
  ];
  expect(await failure(stand, plan(other))).toMatchObject({ detail: 'user evil' });
  rmSync(join(other, 'etc/passwd'));
  execFileSync('mkfifo', [join(other, 'etc/passwd')]);
  expect(await failure(stand, plan(other))).toMatchObject({
    detail: '/etc/passwd is no regular file',
  });
});

test('mount, bind and device targets stay inside the root through hostile links', async () => {
  const outside = join(stand.scratch, 'outside');
  const root = join(stand.scratch, 'hostile');
  mkdirSync(outside);
  for (const name of ['bin', 'etc']) mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, 'bin/busybox'), readFileSync('/bin/busybox'), { mode: 0o755 });
  const up = '../../../../../../../..';
  symlinkSync(`${up}${outside}`, join(root, 'linked'));
  symlinkSync('/var/made/later', join(root, 'dangling'));
  const bind = (target: string, create: number): Step =>
    step('inside', {
      op: 'bind',
      source: create === 2 ? '/etc/hostname' : '/etc',
      target,
      recursive: 0,
      set: 1n,
      clear: 0n,
      deepSet: 0n,
      deepClear: 0n,
      tree: 0,
      create,
      propagation: 0n,
    });
  const plan: Plan = [
    step('host', supervise(runDirectory(stand))),
    ...rootSteps(root, [
      bind('/dangling/dir', 1),
      bind('/dangling/file', 2),
      bind(`${up}/escape`, 1),
      step('inside', { op: 'symlink', value: '/proc/self/fd', path: '/linked/fd' }),
      step('inside', { op: 'directory', path: '/linked/made', mode: 0o700, uid: 1, gid: 2 }),
    ]),
    exec('/bin/busybox', 'sh', '-c', 'busybox cat /dangling/file; busybox ls /var/made/later'),
  ];
  const monitor = await start(stand, plan);
  expect(await outputText(monitor)).toBe(`${readFileSync('/etc/hostname', 'utf8')}dir\nfile\n`);
  await monitor.exited;
  expect(readdirSync(outside)).toEqual([]);
  expect(readdirSync(root).sort()).toContain('escape');
});

test('mount, bind, device and symlink refuse a root whose dev, proc or sys is a link', async () => {
  const root = join(stand.scratch, 'linked-root');
  mkdirSync(join(root, 'elsewhere'), { recursive: true });
  for (const name of ['dev', 'proc', 'sys']) symlinkSync('/elsewhere', join(root, name));
  const node = { type: 0o020000, major: 1, minor: 3, mode: 0o666, uid: 0, gid: 0, source: '' };
  const bind = {
    recursive: 0,
    set: 0n,
    clear: 0n,
    deepSet: 0n,
    deepClear: 0n,
    create: 1,
    propagation: 0n,
    tree: 0,
  } as const;
  const fresh = {
    fstype: 'tmpfs',
    source: 'tmpfs',
    flags: 0n,
    data: '',
    create: 1,
    propagation: 0n,
  } as const;
  const cases: [path: string, op: Op][] = [
    ['/dev', { op: 'mount', target: '/dev', ...fresh }],
    ['//dev/shm', { op: 'mount', target: '//dev/shm', ...fresh }],
    ['/proc', { op: 'mount', target: '/proc', ...fresh }],
    ['/sys/fs', { op: 'bind', source: '/etc', target: '/sys/fs', ...bind }],
    ['/dev/null', { op: 'device', path: '/dev/null', ...node }],
    ['/dev/ptmx', { op: 'symlink', value: 'pts/ptmx', path: '/dev/ptmx' }],
  ];
  for (const [path, op] of cases) {
    const plan: Plan = [
      step('host', supervise(runDirectory(stand))),
      step('host', { op: 'clone', flags: NEWNS, cgroup: '' }),
      step('inside', { op: 'propagation', target: '/', flags: RSLAVE }),
      step('inside', { op: 'root', path: root, bind: 1 }),
      step('inside', op),
    ];
    expect(await failure(stand, plan)).toMatchObject({ errno: ELOOP, detail: path });
  }
  expect(readdirSync(join(root, 'elsewhere'))).toEqual([]);
});

test('mask and read-only hide paths and protect them, and pass over absent ones', async () => {
  const { text } = await run(
    stand,
    [
      'busybox',
      'sh',
      '-c',
      'busybox wc -c < /proc/kcore; busybox ls /proc/scsi /proc/fs | busybox wc -l; echo 1 > /proc/sys/kernel/printk; echo x > /etc/new; busybox mount | busybox grep -c nosuch',
    ],
    {
      steps: [
        ...['/proc/kcore', '/proc/scsi', '/proc/fs', '/proc/nosuch'].map((path) =>
          step('inside', { op: 'mask', path }),
        ),
        ...['/proc/sys', '/etc', '/nosuch'].map((path) =>
          step('inside', { op: 'read-only', path }),
        ),
      ],
    },
  );
  expect(text).toContain('0\n');
  expect(text.match(/Read-only file system/g)).toHaveLength(2);
});

test('sysctl, hostname and change-directory take effect inside only', async () => {
  const host = readFileSync('/proc/sys/kernel/hostname', 'utf8');
  const { text } = await run(
    stand,
    ['sh', '-c', 'cat /proc/sys/kernel/hostname /proc/sys/kernel/msgmax; echo $PWD'],
    {
      steps: [
        step('inside', { op: 'hostname', name: 'inner' }),
        step('inside', { op: 'sysctl', key: 'kernel/msgmax', value: '4711' }),
        step('inside', { op: 'read-only', path: '/proc/sys' }),
      ],
      more: [step('inside', { op: 'change-directory', path: '/made/deep', create: 1 })],
    },
  );
  expect(text).toBe('inner\n4711\n/made/deep\n');
  expect(readFileSync('/proc/sys/kernel/hostname', 'utf8')).toBe(host);
});

test('change-directory refuses every /proc/self/fd/N and what is no directory', async () => {
  for (let fd = 3; fd < 12; fd++) {
    const path = `/proc/self/fd/${fd}`;
    const { plan } = containerPlan(stand, ['true'], {
      more: [step('inside', { op: 'change-directory', path, create: 0 })],
    });
    expect(await failure(stand, plan)).toMatchObject({ stage: INSIDE, detail: path });
  }
});

test('init reaps orphans, forwards signals and ends with the status of its child', async () => {
  const script = 'trap "exit 5" TERM; (sleep 0.01 &) ; echo ready; while :; do sleep 0.05; done';
  const { plan } = containerPlan(stand, ['sh', '-c', script], {
    more: [step('inside', { op: 'init' })],
  });
  const monitor = await start(stand, plan);
  await outputUntil(monitor, 'ready');
  const [init] = descendants(monitor.monitorPid);
  expect(init).toBe(monitor.pid);
  await monitor.signal(15);
  expect(await monitor.exited).toMatchObject({ status: 5 });
});

test('join-process runs a second program in the namespaces of the first, and refuses another start time', async () => {
  const first = await start(
    stand,
    containerPlan(stand, ['sh', '-c', 'echo up; exec sleep 100'], {
      steps: [step('inside', { op: 'hostname', name: 'joined' })],
    }).plan,
  );
  await outputUntil(first, 'up');
  const plan = (startTime: bigint): Plan => [
    step('host', supervise(runDirectory(stand))),
    step('host', { op: 'clone', flags: 0n, cgroup: '' }),
    step('enter', {
      op: 'join-process',
      pid: first.pid,
      startTime,
      flags: NEWNS | NEWPID | 0x0c00_0000n,
    }),
    step('inside', { op: 'change-directory', path: '/etc', create: 0 }),
    exec('sh', '-c', 'cat /proc/sys/kernel/hostname; echo $PWD; cat /proc/1/cmdline; exit 3'),
  ];
  const second = await start(stand, plan(first.startTime));
  expect(await outputText(second)).toBe('joined\n/etc\nsleep\u0000100\u0000');
  expect(await second.exited).toMatchObject({ status: 3 });
  expect(await failure(stand, plan(first.startTime + 1n))).toMatchObject({
    stage: STAGES.indexOf('enter'),
    errno: 3,
  });
  const interactive: Plan = [
    step('host', supervise(runDirectory(stand), { terminal: 1 })),
    ...plan(first.startTime).slice(1, 3),
    step('inside', { op: 'session' }),
    step('inside', { op: 'terminal', rows: 7, columns: 8, consoleSocket: '' }),
    exec('sh', '-c', 'busybox tty; stty size; busybox ls /dev'),
  ];
  const third = await start(stand, interactive);
  const text = await outputText(third);
  expect(text).toStartWith('/dev/pts/0\r\n7 8\r\n');
  expect(text).not.toContain('console');
  await first.signal(9);
  expect(await first.exited).toMatchObject({ status: 137, signal: 9 });
});

test('a failure at every operation leaves no process, mount, cgroup or file', async () => {
  const { root, tasks } = hierarchies[0] ?? { root: '/sys/fs/cgroup', tasks: 'cgroup.procs' };
  const group = join(root, 'tiffin-shim-test');
  const mark = join(stand.scratch, 'teardown-mark');
  const directory = runDirectory(stand);
  const plan: Plan = [
    step('host', supervise(directory)),
    step('host', { op: 'make-directory', path: group, mode: 0o755, exist: 0 }),
    step('host', { op: 'make-directory', path: mark, mode: 0o755, exist: 0 }),
    step('host', { op: 'reserve-port', protocol: 6, address: '127.0.0.1', port: 47123 }),
    step('inside', { op: 'write', path: `${group}/${tasks}`, data: Buffer.from('0'), ignore: [] }),
    ...rootSteps(stand.root, [
      step('inside', { op: 'notify', token: 1 }),
      step('inside', { op: 'await', token: 2 }),
      step('inside', { op: 'hostname', name: 'x' }),
    ]),
    step('beside', { op: 'await', token: 1 }),
    step('beside', { op: 'notify', token: 2 }),
    user('0'),
    ...unprivileged,
    exec('sleep', '100'),
    step('running', { op: 'pid-file', path: join(directory, 'pid') }),
    step('teardown', { op: 'unlink', path: join(directory, 'pid') }),
    step('teardown', { op: 'remove-cgroup', path: group }),
    step('teardown', { op: 'remove-directory', path: mark }),
  ];
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  const forward = plan.filter(({ stage }) => stage !== 'teardown').length;
  for (let index = 0; index < forward; index++) {
    const result = await stand.launcher.launch(encodePlan(plan, { index, errno: 28 }));
    expect(result).toMatchObject({
      ok: false,
      failure: { opIndex: index, errno: 28, stage: STAGES.indexOf(plan[index]?.stage ?? 'host') },
    });
    expect(existsSync(group)).toBe(false);
    expect(existsSync(mark)).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  }
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(mounts);
  const monitor = await start(stand, plan);
  await monitor.signal(9);
  expect(await monitor.exited).toMatchObject({ status: 137 });
  expect(existsSync(group)).toBe(false);
});

test('a monitor outlives kill -9 of its launcher, and connectMonitor finds it', async () => {
  const own = await makeStand();
  const { plan, directory } = containerPlan(
    own,
    ['sh', '-c', 'echo up; read line; echo got $line; exit 4'],
    {
      supervise: { stdin: 1 },
    },
  );
  const first = await start(own, plan);
  await outputUntil(first, 'up');
  process.kill(own.launcher.pid, 'SIGKILL');
  await own.launcher.ended;
  first.close();
  const second = await connectMonitor(join(directory, 'attach.sock'));
  expect([second.pid, second.monitorPid, second.startTime, second.startedNs]).toEqual([
    first.pid,
    first.monitorPid,
    first.startTime,
    first.startedNs,
  ]);
  await second.subscribe(1);
  await second.writeStdin(Buffer.from('news\n'));
  expect(await outputText(second)).toBe('got news\n');
  expect(await second.exited).toMatchObject({ status: 4 });
  await own.close();
});
