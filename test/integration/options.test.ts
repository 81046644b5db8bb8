/** Options of `docker run`: what works is seen from inside of the container, what does not is refused in words. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { TestEngine } from './harness.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await TestEngine.start();
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

async function docker(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await engine.client(args);
  if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${status}\n${stdout}${stderr}`);
  return stdout.replace(/\n$/, '');
}

/** What `docker create` with these options says instead of an id. */
async function refusal(...options: string[]): Promise<string> {
  const argv = ['create', ...options, 'starter', 'true'];
  const newer = options.includes('--annotation');
  const { status, stderr } = await (newer ? engine.client(argv) : engine.docker(argv));
  return status === 0 ? 'accepted' : stderr;
}

test('docker create refuses options that this engine does not have', async () => {
  const refused: [string[], string][] = [
    [['--runtime', 'kata'], 'unknown or invalid runtime name: kata'],
    [['--isolation', 'hyperv'], "invalid isolation 'hyperv' on linux"],
    [['--storage-opt', 'size=1G'], 'the writable layer of a container has no quota'],
    [['--storage-opt', 'x=y'], 'unknown option x'],
    [['--log-driver', 'splunk'], "no log driver named 'splunk' is registered"],
    [['--log-opt', 'foo=bar'], "unknown log opt 'foo' for json-file log driver"],
    [['--log-driver', 'local', '--log-opt', 'tag=x'], "unknown log opt 'tag' for local log driver"],
    [['--log-opt', 'mode=lazy'], 'logging mode not supported: lazy'],
    [['--log-opt', 'tag={{.Secret}}'], 'invalid value for tag'],
    [['--security-opt', 'label=type:x_t'], 'label=type:x_t is not supported'],
    [
      ['--health-cmd', 'true', '--health-interval', '1us'],
      'Interval in Healthcheck cannot be less than 1ms',
    ],
    [['--annotation', 'tiffin.on-unhealthy=dance'], 'must be one of none, restart, stop, kill'],
    [['--stop-signal', 'FOO'], 'FOO'],
    [['--uts', 'host', '--hostname', 'x'], 'conflicting options: hostname and the UTS mode'],
    [['--oom-score-adj', '5000'], 'range for oom score adj is [-1000, 1000]'],
    [['--pid', 'container:nobody'], 'No such container: nobody'],
  ];
  for (const [options, words] of refused) expect(await refusal(...options)).toContain(words);
  expect(await refusal('--runtime', 'runc')).toBe('accepted');
});

test('docker inspect shows the paths that are hidden and read-only', async () => {
  const id = await docker('create', 'starter', 'true');
  const open = await docker(
    'create',
    '--security-opt',
    'systempaths=unconfined',
    'starter',
    'true',
  );
  const paths = '{{json .HostConfig.MaskedPaths}} {{json .HostConfig.ReadonlyPaths}}';
  expect(await docker('inspect', '-f', paths, id)).toContain('"/proc/kcore"');
  expect(await docker('inspect', '-f', paths, id)).toContain('"/proc/sysrq-trigger"');
  expect(await docker('inspect', '-f', paths, open)).toBe('[] []');
});

test('docker run --security-opt writable-cgroups mounts the container its cgroup for writing', async () => {
  const look = ['starter', 'sh', '-c', 'grep " /sys/fs/cgroup" /proc/mounts | grep -c " rw,"'];
  const { stdout } = await engine.client(['run', '--rm', ...look]);
  expect(stdout.trim()).toBe('0');
  const writable = ['run', '--rm', '--security-opt', 'writable-cgroups=true', ...look];
  expect(Number(await docker(...writable))).toBeGreaterThan(0);
});

test('docker logs --details shows labels, environment and tag that --log-opt names', async () => {
  const options = [
    '--log-opt',
    'labels=team',
    '--log-opt',
    'env=MODE',
    '--log-opt',
    'tag={{.Name}}',
  ];
  await docker(
    'run',
    '--name',
    'said',
    '-l',
    'team=a b',
    '-e',
    'MODE=x',
    ...options,
    'starter',
    'echo',
    'hello',
  );
  expect(await docker('logs', '--details', 'said')).toBe('MODE=x,tag=said,team=a+b hello');
  expect(await docker('logs', 'said')).toBe('hello');
});

test('a container that turns unhealthy is restarted, stopped or left alone, as --on-unhealthy says', async () => {
  const check = ['--health-cmd', 'false', '--health-interval', '50ms', '--health-retries', '1'];
  await docker('run', '-d', '--name', 'left', ...check, 'starter', 'sleep', '1000');
  const stop = [
    '--annotation',
    'tiffin.on-unhealthy=stop',
    '--restart',
    'always',
    '-t',
    '--stop-timeout',
    '1',
  ];
  await docker('run', '-d', '--name', 'ended', ...stop, ...check, 'starter', 'sleep', '1000');
  expect(await docker('wait', 'ended')).toBe('137');
  expect(await docker('inspect', '-f', '{{.State.Status}} {{.RestartCount}}', 'ended')).toBe(
    'exited 0',
  );

  const since = await docker('inspect', '-f', '{{.Created}}', 'left');
  await engine.ok(
    'run',
    '-d',
    '--name',
    'again',
    '--on-unhealthy',
    'restart',
    '--stop-timeout',
    '0',
    ...check,
    'starter',
    'sleep',
    '1000',
  );
  const events = engine.docker(
    [
      'events',
      '--since',
      since,
      '--filter',
      'container=again',
      '--filter',
      'event=restart',
      '--format',
      '{{.Action}}',
    ],
    { timeoutMs: 3000 },
  );
  expect((await events).stdout).toStartWith('restart\n');
  expect(await docker('inspect', '-f', '{{.State.Status}}', 'left')).toBe('running');
  await docker('rm', '-f', 'left', 'again');
});

test('docker update changes limits of a running container, and takes them away', async () => {
  await docker(
    'run',
    '-d',
    '--name',
    'limited',
    '--pids-limit',
    '30',
    '-m',
    '50m',
    'starter',
    'sleep',
    '1000',
  );
  const read = async (file: string) =>
    docker('exec', 'limited', 'sh', '-c', `cat /sys/fs/cgroup/${file}`);
  const pids = '*/pids.max /sys/fs/cgroup/pids.max 2>/dev/null || true';
  expect(await read(pids)).toBe('30');
  await docker('update', '--pids-limit', '40', '--restart', 'on-failure:3', 'limited');
  expect(await read(pids)).toBe('40');
  await docker('update', '--pids-limit', '-1', 'limited');
  expect(await read(pids)).toBe('max');
  const shown =
    '{{.HostConfig.PidsLimit}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}';
  expect(await docker('inspect', '-f', shown, 'limited')).toBe('-1 on-failure 3');
  const bad = await engine.client(['update', '--restart', 'sometimes', 'limited']);
  expect(bad.stderr).toContain("invalid restart policy: unknown policy 'sometimes'");
  await docker('rm', '-f', 'limited');
});

test('docker exec --privileged has every capability and keeps the filter of the container', async () => {
  await docker('run', '-d', '--name', 'plain', 'starter', 'sleep', '1000');
  const status = await docker('exec', '--privileged', 'plain', 'cat', '/proc/self/status');
  const own = await docker(
    'run',
    '--rm',
    '--privileged',
    'starter',
    'grep',
    'CapEff',
    '/proc/self/status',
  );
  expect(status).toContain(own);
  expect(status).toContain('Seccomp:\t2');
  await docker('rm', '-f', 'plain');
});

test('OOMKilled is true when a child of the program was killed', async () => {
  const eat = "sh -c 'x=a; while :; do x=$x$x; done'; exit 3";
  const { status } = await engine.client([
    'run',
    '--name',
    'hungry',
    '-m',
    '20m',
    'starter',
    'sh',
    '-c',
    eat,
  ]);
  expect(status).toBe(3);
  expect(await docker('inspect', '-f', '{{.State.OOMKilled}}', 'hungry')).toBe('true');
});
