/** Links of docker's first years: variables, names, and what follows when a container goes. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { TestEngine } from '../integration/harness.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await TestEngine.start();
});

afterAll(() => engine[Symbol.asyncDispose]());

test('run --link name:alias gives ALIAS_NAME, ALIAS_PORT, ALIAS_PORT_n_TCP, ALIAS_ENV_* and a name in /etc/hosts', async () => {
  const ports = ['--expose', '6379', '--expose', '53/udp'];
  const db = await engine.ok(
    ...['run', '-d', '--name', 'db', ...ports, '-e', 'COLOUR=red', 'starter', 'sleep', '100'],
  );
  const address = await engine.ok('inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'db');
  const linked = ['run', '-d', '--name', 'app', '--link', 'db:my-cache', '-e', 'MY_CACHE_NAME=own'];
  await engine.ok(...linked, 'starter', 'sleep', '100');
  const text = await engine.ok('exec', 'app', 'sh', '-c', 'env; cat /etc/hosts');
  const lines = text.split('\n');
  const of = 'MY_CACHE_PORT_6379_TCP';
  expect(lines).toEqual(
    expect.arrayContaining([
      `MY_CACHE_PORT=udp://${address}:53`,
      ...[`${of}=tcp://${address}:6379`, `${of}_ADDR=${address}`, `${of}_PORT=6379`],
      `${of}_PROTO=tcp`,
      `MY_CACHE_PORT_53_UDP=udp://${address}:53`,
      'MY_CACHE_ENV_COLOUR=red',
      // What the user says stands above what a link says.
      'MY_CACHE_NAME=own',
      ...['my-cache', 'db', db.slice(0, 12)].map((name) => `${address}\t${name}`),
    ]),
  );
  expect(text).not.toContain('MY_CACHE_ENV_PATH');
  expect(await engine.ok('inspect', '-f', '{{json .HostConfig.Links}}', 'app')).toBe(
    '["/db:/app/my-cache"]',
  );
  await engine.ok('exec', 'app', 'ping', '-c', '1', 'my-cache');
});

test('links of networks of one’s own are names, and no variables', async () => {
  await engine.ok('network', 'create', 'own');
  await engine.ok('run', '-d', '--net', 'own', '--name', 'web', 'starter', 'sleep', '100');
  const linked = ['run', '--rm', '--net', 'own', '--link', 'web:front', 'starter'];
  const text = await engine.ok(...linked, 'sh', '-c', 'env; ping -c 1 front');
  expect(text).not.toContain('FRONT_');
  expect(text).toContain('1 packets received');
});

test('rm --link takes a link away and leaves both containers', async () => {
  await engine.ok('run', '-d', '--name', 'target', 'starter', 'sleep', '100');
  const linked = ['run', '-d', '--name', 'owner', '--link', 'target:it', 'starter', 'sleep', '100'];
  await engine.ok(...linked);
  expect(await engine.ok('exec', 'owner', 'cat', '/etc/hosts')).toContain('\tit\n');
  const removed = await engine.tiffin(['rm', '-link', 'owner/it']);
  expect(removed).toMatchObject({ status: 0, stdout: 'owner/it\n' });
  expect(await engine.ok('exec', 'owner', 'cat', '/etc/hosts')).not.toContain('\tit\n');
  expect(await engine.ok('inspect', '-f', '{{len .HostConfig.Links}}', 'owner')).toBe('0');
  await engine.ok(
    'run',
    '-d',
    '--name',
    'second',
    '--link',
    'target:it',
    'starter',
    'sleep',
    '100',
  );
  expect(await engine.docker(['rm', '--link', '/second/it'])).toMatchObject({ status: 0 });
  expect(await engine.ok('exec', 'second', 'cat', '/etc/hosts')).not.toContain('\tit\n');
  expect((await engine.docker(['rm', 'second/it'])).stderr).toContain(
    'No such container: second/it',
  );
  const again = await engine.tiffin(['rm', '--link', '/owner/it']);
  expect(again.status).toBe(1);
  const whole = await engine.tiffin(['rm', '--link', 'owner']);
  expect(whole.stderr).toContain('cannot remove the default link name of the container');
  expect(await engine.ok('ps', '-q')).toContain('\n');
});
