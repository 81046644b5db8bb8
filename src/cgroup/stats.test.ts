import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execDirectory, readStats, workingMemory } from './index.ts';
import { factsOf, v2Layout } from './testing/facts.ts';

const root = mkdtempSync(join(tmpdir(), 'tiffin-stats-'));
afterAll(() => rmSync(root, { recursive: true }));

/** A directory with these files. */
function directory(name: string, files: Record<string, string>): string {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name, file)), { recursive: true });
    writeFileSync(join(root, name, file), text);
  }
  return join(root, name);
}

test('readStats: v2 files in nanoseconds and bytes', () => {
  const v2 = directory('v2', {
    'cpu.stat':
      'usage_usec 3000\nuser_usec 2000\nsystem_usec 1000\nnr_periods 7\nnr_throttled 2\nthrottled_usec 50\n',
    'memory.current': '1000\n',
    'memory.peak': '2000\n',
    'memory.max': 'max\n',
    'memory.swap.current': '30\n',
    'memory.events': 'low 0\nhigh 0\nmax 4\noom 1\noom_kill 1\n',
    'memory.stat': 'anon 500\ninactive_file 300\n',
    'pids.current': '5\n',
    'pids.max': '10\n',
    'io.stat': '8:0 rbytes=4096 wbytes=512 rios=2 wios=1 dbytes=0 dios=0\n252:0 \n',
    'hugetlb.2MB.current': '2097152\n',
    'hugetlb.2MB.events': 'max 3\n',
  });
  const stats = readStats({ v1: {}, v2 });
  expect(stats.cpu).toEqual({
    totalNs: 3_000_000,
    userNs: 2_000_000,
    systemNs: 1_000_000,
    perCpuNs: [],
    periods: 7,
    throttledPeriods: 2,
    throttledNs: 50_000,
  });
  expect(stats.memory).toMatchObject({
    usage: 1000,
    maxUsage: 2000,
    swap: 30,
    failures: 4,
    oomKills: 1,
  });
  expect(stats.memory?.limit).toBeUndefined();
  expect(stats.memory === undefined ? 0 : workingMemory(stats.memory)).toBe(700);
  expect(stats.pids).toEqual({ current: 5, limit: 10 });
  expect(stats.blockIo.slice(0, 2)).toEqual([
    { major: 8, minor: 0, operation: 'read', bytes: 4096, operations: 2 },
    { major: 8, minor: 0, operation: 'write', bytes: 512, operations: 1 },
  ]);
  expect(stats.hugetlb).toEqual([
    { pageSize: '2MB', usage: 2_097_152, maxUsage: undefined, failures: 3 },
  ]);
});

test('readStats: v1 files, sums of block operations left out, the largest limit is none', () => {
  const v1 = {
    cpuacct: directory('cpuacct', {
      'cpuacct.usage': '900\n',
      'cpuacct.usage_user': '600\n',
      'cpuacct.usage_sys': '300\n',
      'cpuacct.usage_percpu': '400 500 \n',
    }),
    cpu: directory('cpu', { 'cpu.stat': 'nr_periods 1\nnr_throttled 1\nthrottled_time 77\n' }),
    memory: directory('memory', {
      'memory.usage_in_bytes': '1000\n',
      'memory.max_usage_in_bytes': '1500\n',
      'memory.limit_in_bytes': '9223372036854771712\n',
      'memory.memsw.usage_in_bytes': '1200\n',
      'memory.failcnt': '6\n',
      'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
      'memory.stat': 'inactive_file 1\ntotal_inactive_file 400\n',
    }),
    pids: directory('pids', { 'pids.current': '3\n', 'pids.max': 'max\n' }),
    blkio: directory('blkio', {
      'blkio.throttle.io_service_bytes_recursive':
        '8:16 Read 4096\n8:16 Write 0\n8:16 Sync 4096\n8:16 Total 4096\nTotal 4096\n',
      'blkio.throttle.io_serviced_recursive': '8:16 Read 1\n8:16 Write 0\nTotal 1\n',
    }),
  };
  const stats = readStats({ v1, v2: '' });
  expect(stats.cpu).toMatchObject({ totalNs: 900, perCpuNs: [400, 500], throttledNs: 77 });
  expect(stats.memory).toMatchObject({ usage: 1000, swap: 200, failures: 6, oomKills: 2 });
  expect(stats.memory?.limit).toBeUndefined();
  expect(stats.memory === undefined ? 0 : workingMemory(stats.memory)).toBe(600);
  expect(stats.pids).toEqual({ current: 3, limit: undefined });
  expect(stats.blockIo).toEqual([
    { major: 8, minor: 16, operation: 'read', bytes: 4096, operations: 1 },
    { major: 8, minor: 16, operation: 'write', bytes: 0, operations: 0 },
  ]);
});

test('readStats: a cgroup that is gone, and none at all, read as no use', () => {
  for (const paths of [
    { v1: {}, v2: join(root, 'gone') },
    { v1: {}, v2: '' },
  ]) {
    const stats = readStats(paths);
    expect(stats.cpu.totalNs).toBe(0);
    expect([stats.memory, stats.pids]).toEqual([undefined, undefined]);
    expect([stats.blockIo, stats.hugetlb]).toEqual([[], []]);
  }
});

test('execDirectory: the container’s own cgroup unless it hands controllers down', () => {
  const v2 = directory('tree/leaf', { 'cgroup.subtree_control': '\n' });
  const facts = factsOf({ ...v2Layout, v2: join(root, 'tree') });
  expect(execDirectory({ v1: {}, v2 }, facts, process.pid)).toBe(v2);
  writeFileSync(join(v2, 'cgroup.subtree_control'), 'memory pids\n');
  // This process is not below the container's cgroup, so its place is not taken.
  expect(execDirectory({ v1: {}, v2 }, facts, process.pid)).toBe(v2);
});
