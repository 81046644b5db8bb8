import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { logEnd, readLog, tailStart } from '../../src/host/log-reader.ts';
import { connectMonitor, parseExitRecord } from '../../src/host/monitor.ts';
import { encodePlan } from '../../src/plan/encode.ts';
import type { Plan, Step } from '../../src/plan/ops.ts';
import type { Stand } from './harness.ts';
import {
  containerPlan,
  exec,
  isAlive,
  makeStand,
  outputText,
  outputUntil,
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

const terminal = (rows: number, columns: number): Step[] => [
  step('inside', { op: 'session' }),
  step('inside', { op: 'terminal', rows, columns, consoleSocket: '' }),
];

async function logText(path: string, options: Parameters<typeof readLog>[1] = {}): Promise<string> {
  const parts: string[] = [];
  for await (const records of readLog(path, options)) {
    for (const { payload } of records) parts.push(new TextDecoder().decode(payload));
  }
  return parts.join('');
}

/** Without a pid namespace: what the main process leaves behind lives on. */
function hostPidPlan(args: readonly string[], more: readonly Step[] = []): Plan {
  return [
    step('host', supervise(runDirectory(stand))),
    step('host', { op: 'clone', flags: 0n, cgroup: '' }),
    ...more,
    exec(...args),
  ];
}

test('two clients of attach.sock get the same output, and both can write', async () => {
  const { plan, directory } = containerPlan(
    stand,
    ['sh', '-c', 'echo up; read a; echo 1 $a; read b; echo 2 $b'],
    { supervise: { stdin: 1 } },
  );
  const first = await start(stand, plan);
  await outputUntil(first, 'up');
  const second = await connectMonitor(join(directory, 'attach.sock'));
  await second.subscribe(3);
  await second.writeStdin(Buffer.from('from second\n'));
  expect(await outputUntil(first, '1 from second\n')).toBe('1 from second\n');
  await first.writeStdin(Buffer.from('from first\n'));
  expect(await outputText(first)).toBe('2 from first\n');
  expect(await outputText(second)).toBe('1 from second\n2 from first\n');
  expect(await second.exited).toEqual(await first.exited);
  expect(readdirSync(directory)).toEqual(['exit']);
  expect(parseExitRecord(readFileSync(join(directory, 'exit')))).toEqual(
    (await first.exited) ?? ({} as never),
  );
});

test('stdin mode 0 is empty, 1 stays open after closeStdin of nobody, 2 closes with its first client', async () => {
  const script = ['sh', '-c', 'cat; echo end'];
  const empty = await start(stand, containerPlan(stand, script).plan);
  expect(await outputText(empty)).toBe('end\n');

  const open = await start(stand, containerPlan(stand, script, { supervise: { stdin: 1 } }).plan);
  await open.writeStdin(Buffer.from('text\n'));
  await open.closeStdin();
  expect(await outputText(open)).toBe('text\nend\n');

  const once = containerPlan(stand, script, { supervise: { stdin: 2 } });
  const watcher = await start(stand, once.plan);
  const writer = await connectMonitor(join(once.directory, 'attach.sock'));
  await writer.writeStdin(Buffer.from('only\n'));
  expect(await outputUntil(watcher, 'only')).toBe('only\n');
  writer.close();
  expect(await outputText(watcher)).toBe('end\n');
});

test('a large standard input arrives whole, with backpressure both ways', async () => {
  const size = 8 * 1024 * 1024;
  const { plan } = containerPlan(stand, ['cat'], { supervise: { stdin: 1 } });
  const monitor = await start(stand, plan);
  const input = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4) input.writeUInt32LE(at, at);
  const written = monitor.writeStdin(input).then(() => monitor.closeStdin());
  const chunks: Uint8Array[] = [];
  for await (const { bytes } of monitor.output) chunks.push(bytes);
  await written;
  expect(Buffer.concat(chunks).equals(input)).toBe(true);
});

test('a client that does not read stops the container and not the log; leaving sets it free', async () => {
  const log = join(stand.scratch, 'stalled.log');
  const { plan, directory } = containerPlan(
    stand,
    ['sh', '-c', 'read go; dd if=/dev/zero bs=65536 count=1000 2>/dev/null; echo done >&2'],
    { supervise: { log } },
  );
  const monitor = await start(stand, plan, 0);
  const stalled = await connectMonitor(join(directory, 'attach.sock'));
  await monitor.writeStdin(Buffer.from('\n'));
  expect(await monitor.exited).toMatchObject({ status: 0 });
  stalled.close();
  const lazy = containerPlan(stand, [
    'sh',
    '-c',
    'dd if=/dev/zero bs=65536 count=1000 2>/dev/null',
  ]);
  const reader = await start(stand, lazy.plan, 1);
  let size = 0;
  for await (const { bytes } of reader.output) size += bytes.length;
  expect(size).toBe(65536 * 1000);
  const never = containerPlan(stand, ['sh', '-c', 'yes & sleep 100']);
  const full = await start(stand, never.plan, 1);
  const other = await connectMonitor(join(never.directory, 'attach.sock'));
  // Nobody reads `full`: its monitor must hold still and still take signals.
  await other.signal(9);
  full.close();
  expect(await other.exited).toMatchObject({ signal: 9 });
});

test('the log holds streams, times and partial lines, and is bounded by rotation', async () => {
  const log = join(stand.scratch, 'log');
  const { plan } = containerPlan(
    stand,
    ['sh', '-c', 'i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done; echo -n rest'],
    { supervise: { log, logMaxBytes: 100_000n, logMaxFiles: 3 } },
  );
  const monitor = await start(stand, plan, 0);
  await monitor.exited;
  const files = readdirSync(stand.scratch).filter((name) => /^log(\.\d+)?$/.test(name));
  expect(files.sort()).toEqual(['log', 'log.1', 'log.2']);
  for (const name of files) expect(statSync(join(stand.scratch, name)).size).toBeLessThan(100_001);
  const text = await logText(log);
  expect(text).toEndWith('line 29998\nline 29999\nrest');
  const lines = text.split('\n').slice(0, -1);
  expect(lines.map((line) => Number(line.slice(5)))).toEqual(
    Array.from({ length: lines.length }, (_, index) => 30_000 - lines.length + index),
  );
  expect(await logText(log, { start: await tailStart(log, 3) })).toBe(
    'line 29998\nline 29999\nrest',
  );
  expect(await logText(log, { start: await logEnd(log) })).toBe('');
});

test('readLog follows a log as it grows and ends with the container', async () => {
  const log = join(stand.scratch, 'followed');
  const { plan } = containerPlan(
    stand,
    ['sh', '-c', 'echo one; read x; echo two; read x; echo three'],
    {
      supervise: { log, stdin: 1, logMaxBytes: 1n, logMaxFiles: 5 },
    },
  );
  const monitor = await start(stand, plan, 0);
  const seen: string[] = [];
  for await (const records of readLog(log, { follow: { ended: monitor.exited } })) {
    for (const { payload } of records) {
      seen.push(new TextDecoder().decode(payload));
      await monitor.writeStdin(Buffer.from('on\n')).catch(() => {});
    }
  }
  expect(seen).toEqual(['one\n', 'two\n', 'three\n']);
});

test('a log that ends in a torn record is cut at the last whole one and goes on', async () => {
  const log = join(stand.scratch, 'torn');
  const once = async (text: string): Promise<void> => {
    const { plan } = containerPlan(stand, ['echo', text], { supervise: { log } });
    await (await start(stand, plan, 0)).exited;
  };
  await once('first');
  const whole = readFileSync(log);
  await Bun.write(log, Buffer.concat([whole, whole.subarray(0, 21)]));
  await once('second');
  expect(await logText(log)).toBe('first\nsecond\n');
});

test('terminal gives a pty on /dev/console that follows resize and takes input', async () => {
  const { plan } = containerPlan(
    stand,
    [
      'sh',
      '-c',
      'stty size; tty=$(busybox tty); echo $tty; echo hello > /dev/console; trap "stty size; exit 0" WINCH; while :; do read x && echo got $x; done',
    ],
    { supervise: { stdin: 1, terminal: 1 }, steps: terminal(30, 100) },
  );
  const monitor = await start(stand, plan);
  await outputUntil(monitor, 'hello');
  await monitor.writeStdin(Buffer.from('key\n'));
  await outputUntil(monitor, 'got key');
  await monitor.resize(40, 120);
  expect(await outputText(monitor)).toContain('40 120');
  expect(await monitor.exited).toMatchObject({ status: 0 });
});

test('all output of a terminal arrives though its process ends at once', async () => {
  for (let round = 0; round < 10; round++) {
    const { plan } = containerPlan(stand, ['sh', '-c', 'busybox seq 1 500'], {
      supervise: { terminal: 1 },
      steps: terminal(0, 0),
    });
    const monitor = await start(stand, plan);
    expect((await outputText(monitor)).endsWith('499\r\n500\r\n')).toBe(true);
  }
});

test('output ends with the main process though a background process holds the pipe open', async () => {
  const monitor = await start(stand, hostPidPlan(['sh', '-c', 'yes >&2 & echo $!; exit 0']), 1);
  const left = Number(await outputText(monitor));
  expect(await monitor.exited).toMatchObject({ status: 0 });
  // It writes to a closed pipe now.
  while (isAlive(left)) await Bun.sleep(1);
});

test('a monitor reaps what its container orphans and does not spin', async () => {
  const script =
    'i=0; while [ $i -lt 50 ]; do (sleep 0 &); i=$((i+1)); done; echo spawned; exec sleep 100';
  const monitor = await start(stand, hostPidPlan(['sh', '-c', script]), 1);
  await outputUntil(monitor, 'spawned');
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${monitor.monitorPid}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ');
    return Number(fields?.[11]) + Number(fields?.[12]);
  };
  const children = (): string =>
    readFileSync(`/proc/${monitor.monitorPid}/task/${monitor.monitorPid}/children`, 'utf8').trim();
  while (children() !== String(monitor.pid)) await Bun.sleep(1);
  const before = ticks();
  await Bun.sleep(200);
  expect(ticks() - before).toBeLessThanOrEqual(1);
  await monitor.signal(9);
  await monitor.exited;
});

test('teardown captures files into the exit record, runs hooks with the state, and goes on after failures', async () => {
  const hooked = join(stand.scratch, 'hooked');
  const source = join(stand.scratch, 'source');
  await Bun.write(source, 'oom_kill 3\nmax 1\n');
  const hook = (path: string, args: string[]): Step =>
    step('teardown', {
      op: 'hook',
      path,
      args,
      env: [`OUT=${hooked}`],
      timeoutMs: 2000,
      stateHead: '{"pid":',
      stateTail: '}',
    });
  const { plan, directory } = containerPlan(stand, ['true']);
  const monitor = await start(stand, [
    ...plan,
    step('teardown', { op: 'capture', path: source, name: 'events' }),
    step('teardown', { op: 'capture', path: join(directory, 'absent'), name: 'none' }),
    hook('/no/such/hook', ['hook']),
    hook('/bin/sh', ['sh', '-c', 'exit 9']),
    hook('/bin/sh', ['sh', '-c', 'cat > $OUT']),
  ]);
  const record = await monitor.exited;
  expect([...(record?.captures ?? [])]).toEqual([['events', 'oom_kill 3\nmax 1\n']]);
  expect(readFileSync(hooked, 'utf8')).toBe(`{"pid":${monitor.pid}}`);
});

test('a hook that fails or takes too long fails the launch with its words', async () => {
  const hook = (script: string, timeoutMs: number): Step =>
    step('beside', {
      op: 'hook',
      path: '/bin/sh',
      args: ['sh', '-c', script],
      env: [],
      timeoutMs,
      stateHead: '',
      stateTail: '',
    });
  const { plan } = containerPlan(stand, ['true']);
  const failed = await stand.launcher.launch(encodePlan([...plan, hook('echo no >&2; exit 4', 0)]));
  expect(failed).toMatchObject({
    failure: { errno: 125, detail: '/bin/sh: exit status 4: no\n' },
  });
  const late = await stand.launcher.launch(encodePlan([...plan, hook('sleep 100', 30)]));
  expect(late).toMatchObject({ failure: { errno: 110, detail: '/bin/sh' } });
});

test('a client that sends nonsense is dropped and harms nobody', async () => {
  const { plan, directory } = containerPlan(stand, ['sh', '-c', 'echo up; read x; echo $x'], {
    supervise: { stdin: 1 },
  });
  const monitor = await start(stand, plan);
  await outputUntil(monitor, 'up');
  const closed = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    unix: join(directory, 'attach.sock'),
    socket: { data() {}, close: () => closed.resolve() },
  });
  socket.write(Uint8Array.of(3, 0, 0, 0, 255, 255, 255, 255, 1, 2, 3));
  await closed.promise;
  await monitor.writeStdin(Buffer.from('alive\n'));
  expect(await outputText(monitor)).toBe('alive\n');
});

test('a monitor weighs less than 300 KiB', async () => {
  const { plan } = containerPlan(stand, ['sh', '-c', 'echo up; exec sleep 100']);
  const monitor = await start(stand, plan);
  await outputUntil(monitor, 'up');
  const rollup = readFileSync(`/proc/${monitor.monitorPid}/smaps_rollup`, 'utf8');
  const size = Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]);
  expect(size).toBeGreaterThan(0);
  expect(size).toBeLessThan(300);
  await monitor.signal(9);
  await monitor.exited;
  expect(existsSync(`/proc/${monitor.pid}`)).toBe(false);
});
