/** A container that is a machine: its own init as process 1, which starts services, mourns them, and is shut down; beside ordinary containers. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestEngine, until } from '../integration/harness.ts';

let engine: TestEngine;

const INITTAB = `::sysinit:/bin/echo up
::respawn:/bin/httpd -f -p 80 -h /www
::shutdown:/bin/echo down
`;
/** As in docs/guides/machine-containers.md. */
const MACHINE = ['--cap-add', 'SYS_BOOT', '--tmpfs', '/run', '--tmpfs', '/tmp'];

beforeAll(async () => {
  engine = await TestEngine.start();
  const context = join(engine.directory, 'machine');
  mkdirSync(context);
  writeFileSync(join(context, 'inittab'), INITTAB);
  writeFileSync(
    join(context, 'Dockerfile'),
    [
      'FROM starter',
      'RUN mkdir -p /sbin /www && ln -s /bin/busybox /sbin/init && echo page > /www/index.html',
      'COPY inittab /etc/inittab',
      'STOPSIGNAL SIGUSR2',
      'CMD ["/sbin/init"]',
    ].join('\n'),
  );
  await engine.ok('build', '-q', '-t', 'machine', context);
});

afterAll(() => engine[Symbol.asyncDispose]());

const page = (name: string) => engine.tiffin(['exec', name, 'wget', '-qO-', 'http://127.0.0.1/']);
const serves = (name: string) => async () => (await page(name)).stdout === 'page\n';
const state = (name: string) =>
  engine.ok('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name);

test('busybox init runs as process 1, keeps its services alive, has a network of its own, and stop shuts it down', async () => {
  await engine.ok('run', '-d', '--name', 'box', '--hostname', 'box', ...MACHINE, 'machine');
  await until('the service answers', serves('box'));
  expect(await engine.ok('exec', 'box', 'cat', '/proc/1/comm')).toBe('init');
  expect(await engine.ok('exec', 'box', 'hostname')).toBe('box');
  expect(await engine.ok('exec', 'box', 'ip', '-o', 'link')).toContain('eth0');
  const first = await engine.ok('exec', 'box', 'pidof', 'httpd');
  await engine.ok('exec', 'box', 'kill', first);
  await until('init has started it again', async () => {
    const now = (await engine.tiffin(['exec', 'box', 'pidof', 'httpd'])).stdout.trim();
    return now !== '' && now !== first;
  });
  // An orphan becomes a child of init, which mourns it.
  await engine.ok('exec', 'box', 'sh', '-c', 'sleep 0.1 & exit 0');
  await until('the orphan is gone', async () => {
    const states = await engine.ok('exec', 'box', 'sh', '-c', 'cat /proc/[0-9]*/stat');
    return !/\(sleep\)/.test(states);
  });
  await engine.ok('stop', 'box');
  // reboot(2) in a pid namespace ends init by SIGINT for a power off.
  expect(await state('box')).toBe('exited 130');
  expect(await engine.ok('logs', 'box')).toContain('up\n');
  expect(await engine.ok('logs', 'box')).toContain('down');
});

test('poweroff inside ends a machine, and reboot inside starts it anew under --restart', async () => {
  await engine.ok(
    'run',
    '-d',
    '--name',
    'again',
    '--restart',
    'on-failure:9',
    ...MACHINE,
    'machine',
  );
  await until('the service answers', serves('again'));
  const started = () => engine.ok('inspect', '-f', '{{.State.StartedAt}}', 'again');
  const before = await started();
  await engine.tiffin(['exec', 'again', 'reboot']);
  await until('it has started anew', async () => (await started()) !== before);
  await until('the service answers', serves('again'));
  await engine.ok('update', '--restart', 'no', 'again');
  await engine.tiffin(['exec', 'again', 'poweroff']);
  await until('it is off', async () => (await state('again')) === 'exited 130');
});

test('machines and application containers live side by side and reach each other', async () => {
  await engine.ok('run', '-d', '--name', 'server', ...MACHINE, 'machine');
  await until('the service answers', serves('server'));
  const fetched = await engine.ok(
    ...['run', '--rm', '--link', 'server:www', 'starter', 'wget', '-qO-', 'http://www/'],
  );
  expect(fetched).toBe('page');
  await engine.ok('kill', 'server');
  expect(await state('server')).toBe('exited 137');
});
