import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRuncStats } from './runc-stats.ts';

const root = mkdtempSync(join(tmpdir(), 'runc-stats-'));
afterAll(() => rmSync(root, { recursive: true }));

/** Files as the kernel shows them, without a kernel that has both hierarchies. */
function directory(name: string, files: Record<string, string>): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

let v2 = '';
beforeAll(() => {
  v2 = directory('v2', {
    'cpu.stat': 'usage_usec 12\nuser_usec 7\nsystem_usec 5\nnr_periods 3\nthrottled_usec 9\n',
    'cpu.pressure':
      'some avg10=1.50 avg60=0.00 avg300=0.00 total=42\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n',
    'memory.stat': 'anon 4096\nfile 8192\n',
    'memory.current': '20480\n',
    'memory.max': 'max\n',
    'memory.peak': '40960\n',
    'memory.swap.current': '100\n',
    'memory.swap.max': '1000\n',
    'io.stat': '8:0 rbytes=512 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n',
    'pids.current': '2\n',
    'pids.max': 'max\n',
  });
});

test('readRuncStats gives v2 under the names of v1, with none as the largest uint64', () => {
  const none = 2n ** 64n - 1n;
  expect(readRuncStats({ v1: {}, v2 })).toMatchObject({
    cpu: {
      usage: { total: 12_000n, user: 7000n, kernel: 5000n },
      throttling: { periods: 3n, throttledTime: 9000n },
      psi: { some: { avg10: 1.5, total: 42 }, full: { total: 1 } },
    },
    cpuset: { cpu_exclusive: 0n, sched_relax_domain_level: 0n },
    memory: {
      cache: 8192n,
      usage: { limit: none, usage: 20_480n, max: 40_960n, failcnt: 0n },
      swap: { limit: none, usage: 20_580n, failcnt: 0n },
      raw: { anon: 4096n, file: 8192n },
    },
    pids: { current: 2n },
    blkio: {
      ioServiceBytesRecursive: [
        { major: 8n, op: 'Read', value: 512n },
        { major: 8n, op: 'Write' },
      ],
      ioServicedRecursive: [
        { major: 8n, op: 'Read', value: 1n },
        { major: 8n, op: 'Write' },
      ],
    },
  });
});

test('readRuncStats reads v1 controllers exactly', () => {
  const cpu = directory('cpu', {
    'cpuacct.usage': '2500\n',
    'cpuacct.usage_percpu': '1000 1500 \n',
    'cpuacct.usage_all': 'cpu user system\n0 600 400\n1 1000 500\n',
    'cpuacct.stat': 'user 2\nsystem 3\n',
    'cpu.stat': 'nr_periods 4\nnr_throttled 1\nthrottled_time 77\n',
  });
  const memory = directory('memory', {
    'memory.stat': 'cache 8192\nhierarchical_memory_limit 9223372036854771712\n',
    'memory.usage_in_bytes': '20480\n',
    'memory.limit_in_bytes': '9223372036854771712\n',
    'memory.failcnt': '6\n',
  });
  const blkio = directory('blkio', {
    'blkio.throttle.io_service_bytes_recursive': '8:0 Read 512\n8:0 Total 512\nTotal 512\n',
    'blkio.throttle.io_serviced_recursive': '8:0 Read 1\n8:0 Total 1\nTotal 1\n',
  });
  const cpuset = directory('cpuset', {
    'cpuset.cpus': '0-2,5\n',
    'cpuset.mems': '0\n',
    'cpuset.sched_relax_domain_level': '-1\n',
  });
  const stats = readRuncStats({ v1: { cpu, cpuacct: cpu, memory, blkio, cpuset }, v2 });
  expect(stats).toMatchObject({
    cpu: {
      usage: {
        total: 2500n,
        percpu: [1000n, 1500n],
        percpu_kernel: [400n, 500n],
        percpu_user: [600n, 1000n],
        kernel: 30_000_000n,
        user: 20_000_000n,
      },
      throttling: { periods: 4n, throttledPeriods: 1n, throttledTime: 77n },
    },
    cpuset: { cpus: [0n, 1n, 2n, 5n], mems: [0n], sched_relax_domain_level: -1n },
    memory: {
      usage: { limit: 9_223_372_036_854_771_712n, usage: 20_480n, failcnt: 6n },
      kernel: { limit: 0n, failcnt: 0n },
    },
    blkio: {
      ioServiceBytesRecursive: [
        { major: 8n, op: 'Read', value: 512n },
        { major: 8n, op: 'Total', value: 512n },
      ],
    },
  });
});
