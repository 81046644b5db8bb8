/** Events outlive the engine that saw them. */

import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { TestEngine, until } from '../integration/harness.ts';
import { ask, Dial } from './client.ts';

test('docker events --since reaches back beyond the start of the engine', async () => {
  await using engine = await TestEngine.start();
  await engine.ok('run', '--name', 'early', 'starter', 'true');
  await engine.stop();
  await engine.serve();
  await engine.ok('rm', 'early');
  const until = String(Math.ceil(Date.now() / 1000));
  const args = ['events', '--since', '1', '--until', until, '--filter', 'container=early'];
  const { stdout } = await engine.docker([...args, '--format', '{{.Action}}']);
  expect(stdout.split('\n').filter((line) => line !== '')).toEqual([
    'create',
    'attach',
    'start',
    'die',
    'destroy',
  ]);
});

/** What `docker events` documents for containers, but for `copy`, which is two today. */
const OF_CONTAINERS = [
  ...['archive-path', 'attach', 'commit', 'create', 'destroy', 'detach', 'die', 'exec_create'],
  ...['exec_detach', 'exec_die', 'exec_start', 'export', 'extract-to-dir', 'health_status'],
  ...[
    'kill',
    'oom',
    'pause',
    'prune',
    'rename',
    'resize',
    'restart',
    'start',
    'stop',
    'top',
    'unpause',
  ],
  'update',
];

test('every event that docker documents of containers is told', async () => {
  await using engine = await TestEngine.start();
  const health = ['--health-cmd', 'true', '--health-interval', '100ms'];
  const options = ['-dit', '--name', 'first', ...health, 'starter', 'cat'];
  await engine.ok('run', ...options);
  await detachFrom(engine, '/containers/first/attach?stream=1&stdin=1&stdout=1');
  const exec = { AttachStdin: true, AttachStdout: true, Tty: true, Cmd: ['cat'] };
  const { body } = await ask(engine.socket, 'POST', '/containers/first/exec', { body: exec });
  const { Id } = body as { Id: string };
  await detachFrom(engine, `/exec/${Id}/start`, '{"Tty":true}');
  await ask(engine.socket, 'POST', '/containers/first/resize?h=20&w=40');
  for (const line of [
    'exec first true',
    'top first',
    'pause first',
    'unpause first',
    'update --memory 64m --memory-swap 64m first',
    'commit first kept',
    'cp first:/etc/hosts -',
    'rename first second',
    'restart -t 0 second',
  ])
    await engine.ok(...line.split(' '));
  await engine.ok('cp', join(import.meta.dir, 'client.ts'), 'second:/tmp/');
  await engine.tiffin(['export', '-o', '/dev/null', 'second']);
  await until('it is healthy', async () => (await told(engine)).has('health_status: healthy'));
  const greedy = await engine.tiffin(['run', '--rm', '-m', '16m', 'starter', 'tail', '/dev/zero']);
  expect(greedy.status).toBe(137);
  await engine.ok('stop', '-t', '0', 'second');
  await engine.ok('rm', 'second');
  await engine.ok('container', 'prune', '-f');
  const actions = new Set([...(await told(engine))].map((action) => action.split(':')[0]));
  expect([...actions].toSorted()).toEqual(OF_CONTAINERS.toSorted());
});

/** The actions on containers up to now. */
async function told(engine: TestEngine): Promise<Set<string>> {
  const until = String(Date.now() / 1000);
  const args = ['--since', '1', '--until', until, '--filter', 'type=container'];
  return new Set((await engine.ok('events', ...args, '--format', '{{.Action}}')).split('\n'));
}

/** Joins a terminal and leaves it by the keys for that. */
async function detachFrom(engine: TestEngine, path: string, body = ''): Promise<void> {
  const upgrade = ['Connection: Upgrade', 'Upgrade: tcp', 'Content-Type: application/json'];
  const dial = new Dial(engine.socket).request('POST', path, upgrade, body);
  await dial.until('UPGRADED');
  await dial.send('typed\n').until('typed');
  await dial.send('\x10\x11').untilEnd();
}
