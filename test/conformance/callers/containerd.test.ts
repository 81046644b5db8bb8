/** Debian's containerd with its runc v2 shim, whose runtime binary is Tiffin. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { Machine, starter } from './machine.ts';

const image = 'docker.io/library/starter:latest';
let machine: Machine;

const ctr = (...args: string[]) =>
  machine.run(['ctr', '-a', `${machine.work}/c.sock`, '-n', machine.name, ...args]);
const run = (name: string, flags: string[], ...command: string[]) =>
  ctr('run', ...flags, '--runc-binary', machine.runtime, image, name, ...command);
const statusOf = (name: string) =>
  ctr('task', 'ls')
    .out.split('\n')
    .find((line) => line.startsWith(`${name} `))
    ?.trim()
    .split(/ +/)
    .at(-1);

beforeAll(async () => {
  machine = await Machine.start();
  const config = machine.file(
    'config.toml',
    `version = 2
root = "${machine.work}/root"
state = "${machine.work}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${machine.work}/c.sock"
`,
  );
  const probe = ['ctr', '-a', `${machine.work}/c.sock`, 'version'];
  await machine.daemon(['containerd', '-c', config], probe);
  expect(ctr('image', 'import', starter).status).toBe(0);
});

afterAll(() => machine[Symbol.dispose]());

test('ctr run: output and status of the program come back', () => {
  expect(run('one', ['--rm'], 'sh', '-c', 'echo hi; exit 7')).toMatchObject({
    status: 7,
    out: 'hi\n',
  });
});

test('ctr run of a program that is missing says so in the words of the runtime', () => {
  const { status, err } = run('none', ['--rm'], '/no/such');
  expect(status).not.toBe(0);
  expect(err).toContain('OCI runtime create failed');
  expect(err).toContain('/no/such');
});

test('ctr run --memory-limit and --read-only reach the container', () => {
  expect(
    run('limited', ['-d', '--memory-limit', '33554432', '--read-only'], 'sleep', '9').status,
  ).toBe(0);
  const limit = `/sys/fs/cgroup/memory/${machine.name}/limited/memory.limit_in_bytes`;
  expect(machine.run(['cat', limit]).out).toBe('33554432\n');
  expect(ctr('task', 'exec', '--exec-id', 'a', 'limited', 'touch', '/x').status).toBe(1);
  removeForced('limited');
});

test('ctr task exec, ps, pause, resume, metrics, kill and delete on a running task', () => {
  expect(run('two', ['-d'], 'sleep', '1000')).toMatchObject({ status: 0 });
  expect(
    ctr('task', 'exec', '--exec-id', 'a', 'two', 'sh', '-c', 'echo inside; exit 5'),
  ).toMatchObject({ status: 5, out: 'inside\n' });
  expect(ctr('task', 'ps', 'two').out.trim().split('\n')).toHaveLength(2);

  expect(ctr('task', 'pause', 'two').status).toBe(0);
  expect(statusOf('two')).toBe('PAUSED');
  expect(ctr('task', 'exec', '--exec-id', 'b', 'two', 'true').err).toContain(
    'cannot exec in a paused state',
  );
  expect(ctr('task', 'resume', 'two').status).toBe(0);
  expect(statusOf('two')).toBe('RUNNING');

  expect(ctr('task', 'metrics', 'two').out).toContain('memory.usage_in_bytes');
  expect(ctr('task', 'kill', '-s', 'KILL', 'two').status).toBe(0);
  removeForced('two');
  expect(ctr('container', 'ls', '-q').out).toBe('');
});

test('ctr task delete --force ends a task that runs', () => {
  expect(run('three', ['-d'], 'sleep', '1000').status).toBe(0);
  removeForced('three');
});

/** Waits for the end of the task, whose program was killed. */
function removeForced(name: string): void {
  const { status, err } = ctr('task', 'delete', '--force', name);
  expect(status).toBe(0);
  expect(err).toContain('exit with non-zero exit code 137');
  expect(ctr('container', 'delete', name).status).toBe(0);
}
