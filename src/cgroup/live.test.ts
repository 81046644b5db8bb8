/** Plans carried out in the machine's own cgroup hierarchies. */

import { expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { parseOwnCgroups } from '../host/cgroup-layout.ts';
import { gatherFacts } from '../host/facts.ts';
import {
  applyFileSteps,
  cgroupPaths,
  cgroupProcesses,
  freeze,
  isFrozen,
  oomKills,
  planCgroup,
  planUpdate,
  readStats,
  refuseOccupied,
  removeSteps,
} from './index.ts';
import { uniquePaths } from './paths.ts';
import { LiveCgroup, liveTestsImpossible } from './testing/live.ts';

const MiB = 1024 * 1024;
const impossible = liveTestsImpossible();
const facts = gatherFacts();
const onV1 = facts.cgroup.v1.memory !== undefined;

/** Each move of a process and each removal of a group waits for the kernel, on a busy machine for long. */
const timeoutMs = 120_000;

function live(name: string, body: () => Promise<void>): void {
  test(
    name,
    async () => {
      if (impossible === undefined) await body();
      else console.log(`left out: ${impossible}`);
    },
    timeoutMs,
  );
}

live(
  'planCgroup: a process that runs the joins is in every hierarchy, and removal leaves nothing',
  async () => {
    let paths: string[];
    {
      await using cgroup = new LiveCgroup(undefined);
      paths = uniquePaths(cgroup.plan.paths);
      expect(paths.filter((path) => !existsSync(path))).toEqual([]);
      const { text, code } = await cgroup.run('cat /proc/self/cgroup');
      expect(code).toBe(0);
      for (const [controller, path] of parseOwnCgroups(text)) {
        expect(`${controller} ${path}`).toStartWith(`${controller} /tiffin-test/live-`);
      }
      const removed = removeSteps(cgroup.plan.paths, 'host').map(({ op }) =>
        op.op === 'remove-cgroup' ? op.path : '',
      );
      expect(removed).toEqual(paths);
    }
    expect(paths.filter((path) => existsSync(path))).toEqual([]);
  },
);

live('planCgroup: limits read back from the kernel', async () => {
  await using cgroup = new LiveCgroup({
    memory: { limit: 64 * MiB, swap: 128 * MiB, reservation: 32 * MiB },
    cpu: { shares: 512, quota: 50_000, period: 100_000, cpus: '0', mems: '0' },
    pids: { limit: 77 },
  });
  expect(cgroup.read('pids', 'pids.max')).toBe('77');
  if (onV1) {
    expect(cgroup.read('memory', 'memory.limit_in_bytes')).toBe(String(64 * MiB));
    expect(cgroup.read('memory', 'memory.memsw.limit_in_bytes')).toBe(String(128 * MiB));
    expect(cgroup.read('memory', 'memory.soft_limit_in_bytes')).toBe(String(32 * MiB));
    expect(cgroup.read('cpu', 'cpu.shares')).toBe('512');
    expect(cgroup.read('cpu', 'cpu.cfs_quota_us')).toBe('50000');
  } else {
    expect(cgroup.read('memory', 'memory.max')).toBe(String(64 * MiB));
    expect(cgroup.read('memory', 'memory.swap.max')).toBe(String(64 * MiB));
    expect(cgroup.read('cpu', 'cpu.max')).toBe('50000 100000');
  }
  expect(cgroup.read('cpuset', 'cpuset.cpus')).toBe('0');
  const { text } = await cgroup.run('grep Cpus_allowed_list /proc/self/status');
  expect(text.split(/\s+/)[1]).toBe('0');
});

live('planCgroup: the pids limit stops a fork', async () => {
  await using cgroup = new LiveCgroup({ pids: { limit: 2 } });
  // dash gives up at the first refusal, bash would try again for seconds.
  const { text } = await cgroup.run(
    "exec dash -c 'sleep 9 >/dev/null 2>&1 & sleep 9 >/dev/null 2>&1 &' 2>&1",
  );
  expect(text).toContain('Cannot fork');
});

live('oomKills: a process beyond the memory limit is killed and counted', async () => {
  await using cgroup = new LiveCgroup({ memory: { limit: 16 * MiB, swap: 16 * MiB } });
  // One process alone: of several the kernel may kill more than one before the memory is free again.
  const { code } = await cgroup.run('exec tail /dev/zero');
  expect(code).toBe(137);
  const captures = new Map(
    cgroup
      .steps('teardown')
      .flatMap(({ op }) =>
        op.op === 'capture' && existsSync(op.path)
          ? [[op.name, readFileSync(op.path, 'utf8')] as const]
          : [],
      ),
  );
  expect(oomKills(captures)).toBe(1);
  const { memory } = readStats(cgroup.plan.paths);
  expect(memory?.oomKills).toBe(1);
  expect(memory?.limit).toBe(16 * MiB);
  expect(memory?.maxUsage ?? 0).toBeGreaterThan(8 * MiB);
});

live(
  'planUpdate: memory and swap go up and down together, and checkBeforeUpdate refuses too little',
  async () => {
    await using cgroup = new LiveCgroup({ memory: { limit: 64 * MiB, swap: 64 * MiB } });
    const { paths } = cgroup.plan;
    const file = onV1 ? 'memory.limit_in_bytes' : 'memory.max';
    for (const limit of [256 * MiB, 32 * MiB, 128 * MiB]) {
      applyFileSteps(planUpdate({ facts, paths, resources: { memory: { limit, swap: limit } } }));
      expect(cgroup.read('memory', file)).toBe(String(limit));
    }
    applyFileSteps(planUpdate({ facts, paths, resources: { memory: { limit: -1 } } }));
    expect(readStats(paths).memory?.limit).toBeUndefined();
    const child = cgroup.shell(
      'a=$(head -c 8m /dev/zero | tr "\\0" x); echo ready; read forever < <(sleep 100)',
    );
    await child.stdout.getReader().read();
    const resources = { memory: { limit: MiB, checkBeforeUpdate: true } };
    expect(() => planUpdate({ facts, paths, resources })).toThrow(/is below the \d+ bytes in use/);
  },
);

live('planUpdate: a shorter period with a quota in force is accepted', async () => {
  await using cgroup = new LiveCgroup({ cpu: { quota: 100_000, period: 100_000 } });
  const { paths } = cgroup.plan;
  applyFileSteps(planUpdate({ facts, paths, resources: { cpu: { quota: 5000, period: 10_000 } } }));
  if (onV1) expect(cgroup.read('cpu', 'cpu.cfs_period_us')).toBe('10000');
  else expect(cgroup.read('cpu', 'cpu.max')).toBe('5000 10000');
});

live('readStats: processor time, tasks and throttling of what ran', async () => {
  await using cgroup = new LiveCgroup({
    cpu: { quota: 5000, period: 10_000 },
    pids: { limit: 50 },
  });
  const child = cgroup.shell('i=0; while ((i < 40000)); do ((i += 1)); done; echo done; sleep 100');
  await child.stdout.getReader().read();
  const { cpu, pids } = readStats(cgroup.plan.paths);
  expect(cpu.totalNs).toBeGreaterThan(1_000_000);
  expect(cpu.userNs + cpu.systemNs).toBeGreaterThan(0);
  expect(cpu.periods).toBeGreaterThan(0);
  expect(pids?.limit).toBe(50);
  expect(pids?.current).toBeGreaterThanOrEqual(1);
  expect(cgroupProcesses(cgroup.plan.paths)).toContain(child.pid);
});

live(
  'freeze: a frozen process stands still, is seen as frozen, and goes on after thawing',
  async () => {
    await using cgroup = new LiveCgroup(undefined);
    const child = cgroup.shell('while read -t 0.01 x < <(sleep 1) || true; do echo tick; done');
    const reader = child.stdout.getReader();
    await reader.read();
    expect(isFrozen(cgroup.plan.paths)).toBe(false);
    await freeze(cgroup.plan.paths, true);
    expect(isFrozen(cgroup.plan.paths)).toBe(true);
    await freeze(cgroup.plan.paths, false);
    expect(isFrozen(cgroup.plan.paths)).toBe(false);
    expect((await reader.read()).done).toBe(false);
  },
);

live('planCgroup: listed and default devices can be opened, others not', async () => {
  if (facts.cgroup.v1.devices === undefined) return;
  await using cgroup = new LiveCgroup({
    devices: [
      { allow: false, access: 'rwm' },
      { allow: true, type: 'c', major: 1, minor: 11, access: 'r' },
    ],
  });
  const { text } = await cgroup.run(
    `for file in /dev/null /dev/zero /dev/kmsg; do head -c0 $file 2>/dev/null && echo $file; done
     echo x 2>/dev/null > /dev/null && echo writes
     mknod /dev/shm/tiffin-test-port c 1 4 && ! head -c0 /dev/shm/tiffin-test-port 2>/dev/null && echo refused
     rm -f /dev/shm/tiffin-test-port`,
  );
  expect(text.split('\n')).toEqual(['/dev/null', '/dev/zero', '/dev/kmsg', 'writes', 'refused']);
});

live(
  'planUpdate: changed device rules take away and give without a moment in between',
  async () => {
    if (facts.cgroup.v1.devices === undefined) return;
    await using cgroup = new LiveCgroup({ devices: [] });
    const { paths } = cgroup.plan;
    const before = cgroup.read('devices', 'devices.list');
    const fuse = [{ allow: true, type: 'c', major: 10, minor: 229, access: 'rw' }];
    applyFileSteps(planUpdate({ facts, paths, resources: { devices: fuse } }));
    expect(cgroup.read('devices', 'devices.list')).toContain('c 10:229 rw');
    applyFileSteps(planUpdate({ facts, paths, resources: { devices: [] } }));
    expect(cgroup.read('devices', 'devices.list')).toBe(before);
    applyFileSteps(planUpdate({ facts, paths, resources: { devices: [{ allow: true }] } }));
    expect(cgroup.read('devices', 'devices.list')).toBe('a *:* rwm');
  },
);

live(
  'refuseOccupied: an empty cgroup may be taken over, one with processes or children not',
  async () => {
    await using cgroup = new LiveCgroup(undefined);
    const { paths } = cgroup.plan;
    refuseOccupied(paths);
    const child = cgroup.shell('echo ready; sleep 100');
    await child.stdout.getReader().read();
    expect(() => refuseOccupied(paths)).toThrow(/is in use/);
    const parent = cgroupPaths(facts, '/tiffin-test');
    expect(() => refuseOccupied(parent)).toThrow(/is in use/);
  },
);

live('cgroupProcesses: processes in nested cgroups count, a missing cgroup has none', async () => {
  await using cgroup = new LiveCgroup(undefined);
  const { paths } = cgroup.plan;
  const census = paths.v2 === '' ? (paths.v1.devices ?? '') : paths.v2;
  mkdirSync(`${census}/nested`);
  const child = cgroup.shell(`echo $$ > ${census}/nested/cgroup.procs; echo ready; sleep 100`);
  await child.stdout.getReader().read();
  expect(cgroupProcesses(paths)).toContain(child.pid);
  child.kill('SIGKILL');
  await child.exited;
  expect(cgroupProcesses(cgroupPaths(facts, '/tiffin-test/absent'))).toEqual([]);
});

live('applyFileSteps: a refused limit names the limit and the file', async () => {
  await using cgroup = new LiveCgroup(undefined);
  const resources = { cpu: { cpus: '9999' } };
  const steps = planUpdate({ facts, paths: cgroup.plan.paths, resources });
  expect(() => applyFileSteps(steps)).toThrow(/cannot set processors 9999: 9999 to .*cpuset.cpus/);
});

live('inherit: an ancestor that is already set keeps its processors', async () => {
  const { cpuset } = facts.cgroup.v1;
  if (cpuset === undefined) return;
  const parent = `${cpuset}/tiffin-test-inherit-${process.pid}`;
  const path = `/tiffin-test-inherit-${process.pid}/leaf`;
  mkdirSync(parent);
  try {
    await Bun.write(`${parent}/cpuset.cpus`, '0');
    await Bun.write(`${parent}/cpuset.mems`, '0');
    const steps = planCgroup({ facts, path, resources: undefined }).steps.filter(
      ({ stage, op }) =>
        stage === 'host' && JSON.stringify(Object.values(op)).includes(`${cpuset}/`),
    );
    applyFileSteps(steps);
    expect(readFileSync(`${parent}/leaf/cpuset.cpus`, 'utf8').trim()).toBe('0');
    rmdirSync(`${parent}/leaf`);
  } finally {
    rmdirSync(parent);
  }
});
