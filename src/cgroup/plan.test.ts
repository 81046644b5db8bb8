import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostFacts } from '../host/facts.ts';
import type { Step } from '../plan/ops.ts';
import type { LinuxResources } from '../spec/runtime/resources.ts';
import {
  applyFileStepsOrNone,
  ignoredLimits,
  planCgroup,
  planFreeze,
  planUpdate,
} from './index.ts';
import { factsOf, v1Layout, v2Layout } from './testing/facts.ts';

const v1 = factsOf(v1Layout);
const v2 = factsOf(v2Layout);

/** `memory.max=1024` for each write of a stage, the directory left out. */
function writes(steps: readonly Step[], stage = 'host'): string[] {
  return steps.flatMap(({ op, stage: where }) =>
    op.op === 'write' && where === stage
      ? [`${op.path.split('/').at(-1)}=${new TextDecoder().decode(op.data)}`]
      : [],
  );
}

function limits(facts: HostFacts, resources: LinuxResources): string[] {
  const all = writes(planCgroup({ facts, path: '/t/x', resources }).steps);
  return all.filter((text) => !/^(?:cgroup\.subtree_control|devices\.)/.test(text));
}

test('planCgroup: v2 hands controllers down from the top, makes the directories and clones into the last', () => {
  const plan = planCgroup({ facts: v2, path: '/t/x', resources: { memory: { limit: 1024 } } });
  const host = plan.steps.filter(({ stage }) => stage === 'host');
  expect(host.map(({ op }) => op.op)).toEqual([
    ...Array(6).fill('write'),
    'make-directory',
    ...Array(6).fill('write'),
    'make-directory',
    'write',
    'device-filter',
  ]);
  const enabled = host.flatMap(({ op }) => (op.op === 'write' ? [op] : []));
  expect(enabled[0]?.path).toBe('/sys/fs/cgroup/cgroup.subtree_control');
  expect(enabled[6]?.path).toBe('/sys/fs/cgroup/t/cgroup.subtree_control');
  expect(writes(host).slice(0, 3)).toEqual([
    'cgroup.subtree_control=+memory',
    'cgroup.subtree_control=+io +cpuset',
    'cgroup.subtree_control=+io +cpu',
  ]);
  expect([enabled[0]?.ignore, enabled[1]?.ignore]).toEqual([[], [2, 16, 22, 95]]);
  expect(plan.cloneInto).toBe('/sys/fs/cgroup/t/x');
  expect(plan.joinSteps('enter')).toEqual([]);
});

test('planCgroup: v1 makes each hierarchy once, fills cpusets and joins by tasks in the asked-for stage', () => {
  const plan = planCgroup({ facts: v1, path: '/t/x', resources: undefined });
  const made = plan.steps.flatMap(({ op }) => (op.op === 'make-directory' ? [op.path] : []));
  expect(made.filter((path) => path.includes('cpu,cpuacct'))).toEqual([
    '/cg/cpu,cpuacct/t',
    '/cg/cpu,cpuacct/t/x',
  ]);
  const inherited = plan.steps.flatMap(({ op }) => (op.op === 'inherit' ? [[op.from, op.to]] : []));
  expect(inherited).toContainEqual(['/cg/cpuset/cpuset.mems', '/cg/cpuset/t/cpuset.mems']);
  expect(inherited).toContainEqual(['/cg/cpuset/t/cpuset.cpus', '/cg/cpuset/t/x/cpuset.cpus']);
  const joins = plan.joinSteps('enter');
  expect(joins.map(({ stage }) => stage)).toEqual(Array(7).fill('enter'));
  expect(writes(joins, 'enter')).toEqual(Array(7).fill('tasks=0'));
  expect(plan.cloneInto).toBe('');
});

test('planCgroup: a kernel that cannot clone into a cgroup joins v2 by cgroup.procs', () => {
  const facts = factsOf(v2Layout, { cloneIntoCgroup: false });
  const plan = planCgroup({ facts, path: '/t/x', resources: undefined });
  expect(plan.cloneInto).toBe('');
  expect(writes(plan.steps, 'inside')).toEqual(['cgroup.procs=0']);
});

test('planCgroup: teardown keeps the counters before it removes each directory', () => {
  const teardown = planCgroup({ facts: v2, path: '/t/x', resources: undefined }).steps.filter(
    ({ stage }) => stage === 'teardown',
  );
  expect(teardown.map(({ op }) => (op.op === 'capture' ? op.name : op.op))).toEqual([
    'memory.events',
    'memory.peak',
    'cpu.stat',
    'remove-cgroup',
  ]);
});

test('planCgroup: processor limits as v1 and as v2 write them', () => {
  const cpu = { shares: 1024, quota: 20_000, period: 50_000, burst: 1000, cpus: '0-1', mems: '0' };
  expect(limits(v1, { cpu })).toEqual([
    'cpuset.cpus=0-1',
    'cpuset.mems=0',
    'cpu.shares=1024',
    'cpu.cfs_period_us=50000',
    'cpu.cfs_quota_us=20000',
    'cpu.cfs_burst_us=1000',
  ]);
  expect(limits(v2, { cpu })).toEqual([
    'cpuset.cpus=0-1',
    'cpuset.mems=0',
    'cpu.weight=100',
    'cpu.max=20000 50000',
    'cpu.max.burst=1000',
  ]);
});

test('planCgroup: quota and period alone, without a limit, and idle instead of shares on v2', () => {
  expect(limits(v2, { cpu: { quota: 1000 } })).toEqual(['cpu.max=1000']);
  expect(limits(v2, { cpu: { period: 1000 } })).toEqual(['cpu.max=max 1000']);
  expect(limits(v2, { cpu: { quota: -1, period: 1000 } })).toEqual(['cpu.max=max 1000']);
  expect(limits(v2, { cpu: { quota: 0, shares: 0 } })).toEqual([]);
  expect(limits(v2, { cpu: { idle: 1, shares: 5 } })).toEqual(['cpu.idle=1']);
  expect(() => limits(v2, { cpu: { realtimeRuntime: 5 } })).toThrow(/no realtime limits/);
});

test('planCgroup: swap is memory and swap together on v1, and apart on v2', () => {
  expect(limits(v1, { memory: { limit: 100, swap: 300 } })).toEqual([
    'memory.limit_in_bytes=100',
    'memory.memsw.limit_in_bytes=300',
  ]);
  expect(limits(v2, { memory: { limit: 100, swap: 300, reservation: 50 } })).toEqual([
    'memory.swap.max=200',
    'memory.max=100',
    'memory.low=50',
  ]);
  expect(limits(v2, { memory: { limit: 100, swap: 100 } })[0]).toBe('memory.swap.max=0');
  expect(limits(v2, { memory: { limit: 100, swap: -1 } })[0]).toBe('memory.swap.max=max');
  expect(limits(v2, { memory: { limit: -1 } })).toEqual(['memory.swap.max=max', 'memory.max=max']);
  expect(() => limits(v2, { memory: { swap: 100 } })).toThrow(/needs a memory limit/);
  expect(() => limits(v2, { memory: { limit: 200, swap: 100 } })).toThrow(/needs a memory limit/);
});

test('planCgroup: without swap accounting a swap limit is refused and memory alone works', () => {
  const facts = factsOf(v1Layout, { swapAccounting: false });
  expect(limits(facts, { memory: { limit: 100 } })).toEqual(['memory.limit_in_bytes=100']);
  expect(limits(facts, { memory: { limit: -1, swap: -1 } })).toEqual(['memory.limit_in_bytes=-1']);
  expect(() => limits(facts, { memory: { limit: 100, swap: 200 } })).toThrow(/does not count swap/);
});

test('planCgroup: kernel memory is left out, the other v1 memory knobs are written', () => {
  const memory = { kernel: 5, kernelTCP: 6, swappiness: 0, disableOOMKiller: true, reservation: 7 };
  expect(limits(v1, { memory })).toEqual([
    'memory.soft_limit_in_bytes=7',
    'memory.kmem.tcp.limit_in_bytes=6',
    'memory.oom_control=1',
    'memory.swappiness=0',
  ]);
});

test('planUpdate: on v1 the sum of memory and swap is tried before and set after the limit', () => {
  const { paths } = planCgroup({ facts: v1, path: '/t/x', resources: undefined });
  const steps = planUpdate({ facts: v1, paths, resources: { memory: { limit: 1, swap: 2 } } });
  expect(writes(steps)).toEqual([
    'memory.memsw.limit_in_bytes=2',
    'memory.limit_in_bytes=1',
    'memory.memsw.limit_in_bytes=2',
  ]);
  expect(steps.map(({ op }) => (op.op === 'write' ? op.ignore : []))).toEqual([[22, 16], [], []]);
});

test('planCgroup: block device limits as v1 and as v2 write them', () => {
  const device = { major: 8, minor: 16 };
  const blockIO = {
    weight: 500,
    weightDevice: [{ ...device, weight: 1000 }],
    throttleReadBpsDevice: [{ ...device, rate: 1_048_576 }],
    throttleWriteIOPSDevice: [{ ...device, rate: 0 }],
  };
  expect(limits(v1, { blockIO })).toEqual([
    'blkio.bfq.weight=500',
    'blkio.bfq.weight_device=8:16 1000',
    'blkio.throttle.read_bps_device=8:16 1048576',
    'blkio.throttle.write_iops_device=8:16 0',
  ]);
  expect(limits(v2, { blockIO })).toEqual([
    'io.bfq.weight=500',
    'io.weight=default 4950',
    'io.bfq.weight=8:16 1000',
    'io.weight=8:16 10000',
    'io.max=8:16 rbps=1048576',
    'io.max=8:16 wiops=max',
  ]);
});

test('planCgroup: pids, huge pages and v2 files', () => {
  expect(limits(v1, { pids: { limit: -1 } })).toEqual(['pids.max=max']);
  expect(limits(v2, { pids: { limit: 0 } })).toEqual([]);
  expect(limits(v2, { hugepageLimits: [{ pageSize: '2MB', limit: 4096 }] })).toEqual([
    'hugetlb.2MB.max=4096',
    'hugetlb.2MB.rsvd.max=4096',
  ]);
  const unified = { 'io.max': '8:0 rbps=1\n8:16 rbps=2\n', 'memory.high': '1000' };
  expect(limits(v2, { unified })).toEqual([
    'io.max=8:0 rbps=1',
    'io.max=8:16 rbps=2',
    'memory.high=1000',
  ]);
});

test('planCgroup: v2 files that move, freeze or kill processes or leave the directory are refused', () => {
  for (const file of [
    'cgroup.procs',
    'cgroup.kill',
    'cgroup.freeze',
    '../x',
    'memory/max',
    'max',
  ]) {
    expect(() => limits(v2, { unified: { [file]: '1' } })).toThrow(/not a limit of a v2 cgroup/);
  }
  expect(() => limits(v2, { unified: { 'rdma.max': 'x' } })).toThrow(/no rdma controller/);
  expect(() => limits(v1, { unified: { 'memory.max': '1' } })).toThrow(/no memory controller/);
});

test('planCgroup: a limit without its controller and hostile names are refused', () => {
  const page = (pageSize: string) => ({ hugepageLimits: [{ pageSize, limit: 1 }] });
  expect(() => limits(v1, page('2MB'))).toThrow(/this machine has no hugetlb controller/);
  expect(() => limits(v2, page('../2MB'))).toThrow(/not a page size/);
  expect(() => limits(v2, { cpu: { cpus: '0; rm' } })).toThrow(/not a list of numbers/);
  expect(() => limits(v2, { network: { classID: 1 } })).toThrow(/no net_cls controller/);
});

test('planCgroup: cgroup paths stay below their hierarchy', () => {
  const plan = (path: string, facts = v1) =>
    planCgroup({ facts, path, resources: undefined }).paths;
  expect(plan('/a//./b').v1.memory).toBe('/cg/memory/a/b');
  expect(plan('a/b').v1.memory).toBe('/cg/memory/outer/a/b');
  expect(plan('a', v2).v2).toBe('/sys/fs/cgroup/user.slice/a');
  for (const path of ['', '/', '/a/../../b', '..', './', '/a\nb', `/${'x'.repeat(256)}`]) {
    expect(() => plan(path)).toThrow(/linux\.cgroupsPath/);
  }
});

test('planCgroup: an ordinary user gets no cgroup, and an error when limits are asked for', () => {
  const facts = factsOf(v2Layout, { uid: 1000, delegated: {} });
  const plan = planCgroup({ facts, path: 'x', resources: undefined });
  expect({ steps: plan.steps, cloneInto: plan.cloneInto }).toEqual({ steps: [], cloneInto: '' });
  const resources = { pids: { limit: 5 } };
  expect(() => planCgroup({ facts, path: 'x', resources })).toThrow(
    /cannot limit at most 5 tasks: uid 1000 may not make cgroups/,
  );
  expect(() => planCgroup({ facts, path: '/t/x', resources: undefined })).toThrow(
    'linux.cgroupsPath: "/t/x": uid 1000 may not make cgroups there',
  );
});

test('planCgroup: an ordinary user gets a cgroup below what is delegated, and no device rules', () => {
  const facts = factsOf(v2Layout, { uid: 1000, delegated: { '': '/user.slice/mine' } });
  const of = (path: string) => planCgroup({ facts, path, resources: { pids: { limit: 5 } } });
  const directories = (path: string) =>
    of(path).steps.flatMap(({ op }) => (op.op === 'make-directory' ? [op.path] : []));
  const mine = '/sys/fs/cgroup/user.slice/mine';
  expect(directories('x')).toEqual([`${mine}/x`]);
  expect(directories('/user.slice/mine/a/b')).toEqual([`${mine}/a`, `${mine}/a/b`]);
  expect(of('x').steps.some(({ op }) => op.op === 'device-filter')).toBe(false);
  for (const path of ['/user.slice/yours/x', '/user.slice/mine2/x', '/user.slice/mine']) {
    expect(() => of(path)).toThrow(/may not make cgroups there/);
  }
});

test('planCgroup: an ordinary user beside v1 hierarchies is told which limits are closed', () => {
  const facts = factsOf(
    { ...v2Layout, v1: v1Layout.v1, mode: 'hybrid', controllers: [] },
    { uid: 1000, delegated: { '': '/mine' } },
  );
  const resources = { memory: { limit: 1 } };
  expect(() => planCgroup({ facts, path: 'x', resources })).toThrow(
    /uid 1000 may not make memory cgroups here/,
  );
});

test('planCgroup: delegation hands over only what the kernel allows to delegate', () => {
  const delegate = { uid: 1000, gid: 1000 };
  const { steps } = planCgroup({ facts: v2, path: '/t/x', resources: undefined, delegate });
  const owned = steps.flatMap(({ op }) =>
    op.op === 'owner' ? [op.path.slice('/sys/fs/cgroup/t/x'.length)] : [],
  );
  expect(owned).toEqual([
    '',
    '/cgroup.procs',
    '/cgroup.threads',
    '/cgroup.subtree_control',
    '/memory.oom.group',
    '/memory.reclaim',
  ]);
});

test('planCgroup: a v2 controller that knows threads is never enabled for itself', () => {
  const { steps } = planCgroup({ facts: v2, path: '/x', resources: { pids: { limit: 5 } } });
  expect(writes(steps).filter((text) => text.startsWith('cgroup.subtree_control'))).toEqual([
    'cgroup.subtree_control=+io +pids',
    'cgroup.subtree_control=+io +cpuset',
    'cgroup.subtree_control=+io +cpu',
    'cgroup.subtree_control=+io',
    'cgroup.subtree_control=+memory',
    'cgroup.subtree_control=+hugetlb',
  ]);
});

test('planUpdate: a burst is tried before the quota and set after it', () => {
  const { paths } = planCgroup({ facts: v2, path: '/x', resources: undefined });
  const resources = { cpu: { quota: 5000, period: 10_000, burst: 4000 } };
  expect(writes(planUpdate({ facts: v2, paths, resources }))).toEqual([
    'cpu.max.burst=4000',
    'cpu.max=5000 10000',
    'cpu.max.burst=4000',
  ]);
});

test('planUpdate: a period alone keeps the quota that is in force on v2', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-update-'));
  const update = (max: string) => {
    writeFileSync(join(directory, 'cpu.max'), max);
    const paths = { v1: {}, v2: directory };
    return writes(planUpdate({ facts: v2, paths, resources: { cpu: { period: 20_000 } } }));
  };
  try {
    expect(update('50000 100000\n')).toEqual(['cpu.max=50000 20000']);
    expect(update('max 100000\n')).toEqual(['cpu.max=max 20000']);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('applyFileStepsOrNone: gives back what was written before the refused step', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-apply-'));
  const path = (name: string) => join(directory, name);
  const write = (name: string, text: string): Step => ({
    stage: 'host',
    op: { op: 'write', path: path(name), data: new TextEncoder().encode(text), ignore: [] },
    why: name,
  });
  try {
    writeFileSync(path('pids'), '11\n');
    writeFileSync(path('disk'), '8:0 55\n8:1 66\n');
    expect(() =>
      applyFileStepsOrNone([write('pids', '22'), write('disk', '8:0 77'), write('none', '1')]),
    ).toThrow('cannot set none');
    expect(readFileSync(path('pids'), 'utf8')).toBe('11\n');
    expect(readFileSync(path('disk'), 'utf8')).toBe('8:0 55\n8:1 66\n');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('ignoredLimits: names what v2 and newer kernels lack, and nothing that was not asked for', () => {
  const on = (facts: typeof v1, resources: LinuxResources) =>
    ignoredLimits(resources, planCgroup({ facts, path: '/x', resources: undefined }).paths).map(
      (text) => text.split(' ')[0],
    );
  const memory = { kernel: 1, kernelTCP: 2, swappiness: 0, disableOOMKiller: true };
  const resources = { memory, blockIO: { weightDevice: [{ major: 1, minor: 2, leafWeight: 3 }] } };
  const named = (...fields: string[]) => fields.map((field) => `linux.resources.${field}`);
  expect(on(v1, resources)).toEqual(named('memory.kernel', 'blockIO.leafWeight'));
  expect(on(v2, resources)).toEqual(
    named(
      'memory.kernel',
      'memory.kernelTCP',
      'memory.swappiness',
      'memory.disableOOMKiller',
      'blockIO.leafWeight',
    ),
  );
  expect(on(v2, { memory: { limit: 5, disableOOMKiller: false } })).toEqual([]);
});

test('planFreeze: v2 where there is one, else the v1 freezer, else an error', () => {
  const both = planCgroup({ facts: v2, path: '/t/x', resources: undefined }).paths;
  expect(writes(planFreeze(both, true))).toEqual(['cgroup.freeze=1']);
  const only = planCgroup({ facts: v1, path: '/t/x', resources: undefined }).paths;
  expect(writes(planFreeze(only, false))).toEqual(['freezer.state=THAWED']);
  expect(() => planFreeze({ v1: {}, v2: '' }, true)).toThrow(/no freezer/);
});
