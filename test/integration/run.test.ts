import { afterAll, beforeAll, expect, test } from 'bun:test';
import { hostState, leftBehind, modeOf, TestEngine } from './harness.ts';

let engine: TestEngine;
let before: string[];

beforeAll(async () => {
  engine = await TestEngine.start();
  // The first container brings up the bridge and its table, which stay with the engine.
  await engine.ok('run', '--rm', 'starter', 'true');
  before = await hostState();
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

test('run gives the output and the exit code of the program', async () => {
  const result = await engine.tiffin([
    'run',
    '--rm',
    'starter',
    'sh',
    '-c',
    'echo out; echo err >&2; exit 7',
  ]);
  expect(result).toEqual({ status: 7, stdout: 'out\n', stderr: 'err\n' });
});

test('run passes standard input and its end', async () => {
  const result = await engine.tiffin(['run', '--rm', '-i', 'starter', 'sort'], { input: 'b\na\n' });
  expect(result).toEqual({ status: 0, stdout: 'a\nb\n', stderr: '' });
});

test('run isolates: own pids, hostname, network, capabilities', async () => {
  const script =
    'echo $$; hostname; ls /sys/class/net; grep CapEff /proc/self/status; cat /proc/self/cgroup | head -n 1';
  const text = await engine.ok('run', '--rm', '--hostname', 'lunch', 'starter', 'sh', '-c', script);
  const [pid, hostname, eth, lo, capabilities] = text.split('\n');
  expect({ pid, hostname, eth, lo }).toEqual({
    pid: '1',
    hostname: 'lunch',
    eth: 'eth0',
    lo: 'lo',
  });
  // Docker's default set: 14 capabilities.
  expect(capabilities).toBe('CapEff:\t00000000a80425fb');
});

test('run sets environment, directory, user and limits', async () => {
  const script = 'echo "$A $B"; pwd; id -u; id -g; cat /sys/fs/cgroup/memory/memory.limit_in_bytes';
  const args = [
    'run',
    '--rm',
    '-e',
    'A=1',
    '-e',
    'B=2',
    '-w',
    '/tmp',
    '-u',
    '1234:5',
    '-m',
    '64m',
    'starter',
    'sh',
    '-c',
    script,
  ];
  expect((await engine.ok(...args)).split('\n')).toEqual([
    '1 2',
    '/tmp',
    '1234',
    '5',
    String(64 * 1024 * 1024),
  ]);
});

test('run -d, logs, wait, inspect, rm follow one container', async () => {
  const id = await engine.ok(
    'run',
    '-d',
    '--name',
    'follow',
    'starter',
    'sh',
    '-c',
    'echo one; echo two; exit 3',
  );
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  expect(await engine.ok('wait', 'follow')).toBe('3');
  expect(await engine.ok('logs', 'follow')).toBe('one\ntwo');
  expect(await engine.ok('logs', '--tail', '1', 'follow')).toBe('two');
  expect(
    await engine.ok('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', 'follow'),
  ).toBe('exited 3');
  expect(await engine.ok('rm', 'follow')).toBe('follow');
});

test('exec runs beside the first process and returns its exit code', async () => {
  await engine.ok('run', '-d', '--name', 'beside', 'starter', 'sleep', '1000');
  const result = await engine.tiffin([
    'exec',
    '-e',
    'X=y',
    'beside',
    'sh',
    '-c',
    'echo $X; hostname; exit 4',
  ]);
  expect(result.status).toBe(4);
  expect(result.stdout.split('\n')[0]).toBe('y');
  await engine.ok('rm', '-f', 'beside');
});

test('pause stops and unpause resumes', async () => {
  await engine.ok('run', '-d', '--name', 'nap', 'starter', 'sleep', '1000');
  await engine.ok('pause', 'nap');
  expect(await engine.ok('inspect', '-f', '{{.State.Status}}', 'nap')).toBe('paused');
  await engine.ok('unpause', 'nap');
  expect(await engine.ok('inspect', '-f', '{{.State.Status}}', 'nap')).toBe('running');
  await engine.ok('rm', '-f', 'nap');
});

test('stop sends the stop signal and then kills', async () => {
  await engine.ok(
    'run',
    '-d',
    '--name',
    'polite',
    'starter',
    'sh',
    '-c',
    'trap "exit 5" TERM; while :; do sleep 0.05; done',
  );
  await engine.ok('stop', 'polite');
  expect(await engine.ok('inspect', '-f', '{{.State.ExitCode}}', 'polite')).toBe('5');
  await engine.ok('rm', 'polite');
  await engine.ok(
    'run',
    '-d',
    '--name',
    'deaf',
    'starter',
    'sh',
    '-c',
    'trap "" TERM; while :; do sleep 0.05; done',
  );
  await engine.ok('stop', '-t', '0', 'deaf');
  expect(await engine.ok('inspect', '-f', '{{.State.ExitCode}}', 'deaf')).toBe('137');
  await engine.ok('rm', 'deaf');
});

test('volumes keep data, binds show the host, --rm removes anonymous ones', async () => {
  await engine.ok('volume', 'create', 'pantry');
  await engine.ok(
    'run',
    '--rm',
    '-v',
    'pantry:/data',
    'starter',
    'sh',
    '-c',
    'echo rice > /data/box',
  );
  expect(
    await engine.ok('run', '--rm', '-v', 'pantry:/data:ro', 'starter', 'cat', '/data/box'),
  ).toBe('rice');
  const refused = await engine.tiffin([
    'run',
    '--rm',
    '-v',
    'pantry:/data:ro',
    'starter',
    'touch',
    '/data/x',
  ]);
  expect(refused.stderr).toContain('Read-only file system');
  expect(
    await engine.ok('run', '--rm', '-v', `${engine.directory}:/host`, 'starter', 'ls', '/host'),
  ).toContain('data');
  await engine.ok('run', '--rm', '-v', '/anonymous', 'starter', 'true');
  expect(await engine.ok('volume', 'ls', '-q')).toBe('pantry');
  await engine.ok('volume', 'rm', 'pantry');
});

test('restart policy starts again after a failure, as often as it says', async () => {
  await engine.ok(
    'run',
    '-d',
    '--name',
    'again',
    '--restart',
    'on-failure:2',
    'starter',
    'sh',
    '-c',
    'echo try; exit 1',
  );
  await engine.ok('wait', 'again');
  let count = '';
  while (count !== '2') count = await engine.ok('inspect', '-f', '{{.RestartCount}}', 'again');
  await engine.ok('wait', 'again');
  expect(await engine.ok('logs', 'again')).toBe('try\ntry\ntry');
  await engine.ok('rm', 'again');
});

test('explain names every step with its reason, before and after a run', async () => {
  const dry = await engine.ok('run', '--explain', '--memory', '64m', 'starter', 'true');
  expect(dry).toContain('pivot_root');
  expect(dry).toContain('memory');
  await engine.ok('run', '--name', 'told', 'starter', 'true');
  const told = await engine.ok('explain', 'told');
  expect(told).toMatch(/\d (?:µs|us|ms)/);
  await engine.ok('rm', 'told');
});

test('sockets and directories are the owner’s only', () => {
  expect(modeOf(engine.socket)).toBe('600');
  expect(modeOf(engine.dataRoot)).toBe('700');
  expect(modeOf(engine.execRoot)).toBe('700');
});

test('nothing of all this is left on the host', async () => {
  expect(await leftBehind(before)).toEqual([]);
});
