/** The engine may die at any moment, and containers may be many: neither is anybody's problem. */

import { expect, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostState, leftBehind, TestEngine, until } from './harness.ts';

test('kill -9 of the engine harms no running container, and the next engine adopts it', async () => {
  await using engine = await TestEngine.start();
  await engine.ok('run', '--rm', 'starter', 'true');
  const flag = join(engine.directory, 'go');
  const script = 'echo before; while [ ! -e /host/go ]; do sleep 0.02; done; echo after; exit 9';
  await engine.ok(
    'run',
    '-d',
    '--name',
    'survivor',
    '-v',
    `${engine.directory}:/host`,
    'starter',
    'sh',
    '-c',
    script,
  );
  await engine.ok(
    'run',
    '-d',
    '--name',
    'server',
    '-p',
    '127.0.0.1:18471:80',
    'starter',
    'httpd',
    '-f',
    '-h',
    '/etc',
  );
  const pid = await engine.ok('inspect', '-f', '{{.State.Pid}}', 'survivor');
  const served = async () =>
    (await fetch('http://127.0.0.1:18471/os-release').catch(() => undefined))?.ok === true;
  await until('the container serves', served);

  await engine.kill();
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  expect(await served()).toBe(true);

  await engine.serve();
  expect(await engine.ok('inspect', '-f', '{{.State.Status}} {{.State.Pid}}', 'survivor')).toBe(
    `running ${pid}`,
  );
  expect(await engine.ok('port', 'server')).toBe('80/tcp -> 127.0.0.1:18471');
  expect((await engine.tiffin(['exec', 'survivor', 'echo', 'hello'])).stdout).toBe('hello\n');
  writeFileSync(flag, '');
  expect(await engine.ok('wait', 'survivor')).toBe('9');
  expect(await engine.ok('logs', 'survivor')).toBe('before\nafter');
  await engine.ok('rm', 'survivor');
  await engine.ok('rm', '-f', 'server');
});

test('a container that ends while no engine runs has its exit code, its log and its restart policy', async () => {
  await using engine = await TestEngine.start();
  await engine.ok('run', '--rm', 'starter', 'true');
  const before = await hostState();
  const flags = {
    alone: join(engine.directory, 'go-alone'),
    eternal: join(engine.directory, 'go-eternal'),
  };
  const script = (name: string) =>
    `while [ ! -e /host/go-${name} ]; do sleep 0.02; done; rm /host/go-${name}; echo last words; exit 6`;
  const bind = ['-v', `${engine.directory}:/host`];
  await engine.ok('run', '-d', '--name', 'alone', ...bind, 'starter', 'sh', '-c', script('alone'));
  const always = ['--restart', 'always'];
  await engine.ok(
    'run',
    '-d',
    '--name',
    'eternal',
    ...always,
    ...bind,
    'starter',
    'sh',
    '-c',
    script('eternal'),
  );
  const pids = (await engine.ok('inspect', '-f', '{{.State.Pid}}', 'alone', 'eternal')).split('\n');
  await engine.kill();
  for (const flag of Object.values(flags)) writeFileSync(flag, '');
  for (const pid of pids) await until(`process ${pid} ends`, () => !existsSync(`/proc/${pid}`));

  await engine.serve();
  expect(await engine.ok('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'alone')).toBe(
    'exited 6',
  );
  expect(await engine.ok('logs', 'alone')).toBe('last words');
  const running = async () =>
    (await engine.ok('inspect', '-f', '{{.State.Status}}', 'eternal')) === 'running';
  await until('the restart policy holds', running);
  await engine.ok('rm', '-f', 'alone', 'eternal');
  expect(await leftBehind(before)).toEqual([]);
});

test('kill -9 of a monitor ends its container and leaves nothing', async () => {
  await using engine = await TestEngine.start();
  await engine.ok('run', '--rm', 'starter', 'true');
  const before = await hostState();
  await engine.ok('run', '-d', '--name', 'orphan', '-m', '32m', 'starter', 'sleep', '1000');
  const pid = await engine.ok('inspect', '-f', '{{.State.Pid}}', 'orphan');
  const monitor = /^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
  // What the last line of this test looks for can be seen while it is there.
  expect(await hostState()).toContain(`process ${monitor}`);
  process.kill(Number(monitor), 'SIGKILL');
  // As with Docker: nobody saw the status, so it is 255.
  expect(await engine.ok('wait', 'orphan')).toBe('255');
  await until('the process is gone', () => !existsSync(`/proc/${pid}`));
  await engine.ok('rm', 'orphan');
  expect(await leftBehind(before)).toEqual([]);
});

test('two hundred containers run at once', async () => {
  await using engine = await TestEngine.start();
  await engine.ok('run', '--rm', 'starter', 'true');
  const before = await hostState();
  const names = Array.from({ length: 200 }, (_, index) => `many-${index}`);
  const waiting = [...names];
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        await engine.ok('run', '-d', '--name', name, 'starter', 'sleep', '1000');
      }
    }),
  );
  expect((await engine.ok('ps', '-q')).split('\n')).toHaveLength(200);
  const addresses = await engine.ok('inspect', '-f', '{{.NetworkSettings.IPAddress}}', ...names);
  expect(new Set(addresses.split('\n')).size).toBe(200);
  expect((await engine.tiffin(['exec', 'many-199', 'hostname'])).status).toBe(0);
  await engine.ok('rm', '-f', ...names);
  expect(await leftBehind(before)).toEqual([]);
}, 300_000);
