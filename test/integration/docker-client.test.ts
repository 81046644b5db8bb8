/** The stock docker client, unchanged, on Tiffin's socket. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { must, TestEngine } from './harness.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await TestEngine.start();
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

async function docker(...args: string[]): Promise<string> {
  const result = await engine.docker(args);
  if (result.status !== 0)
    throw new Error(
      `docker ${args.join(' ')}: exit ${result.status}\n${result.stdout}${result.stderr}`,
    );
  return result.stdout.replace(/\n$/, '');
}

test('docker version and info see an engine', async () => {
  expect(await docker('version', '--format', '{{.Server.Os}}/{{.Server.Arch}}')).toBe(
    'linux/amd64',
  );
  expect(await docker('info', '--format', '{{.OSType}}')).toBe('linux');
});

test('docker run: output, streams, exit code', async () => {
  const result = await engine.docker([
    'run',
    '--rm',
    'starter',
    'sh',
    '-c',
    'echo out; echo err >&2; exit 7',
  ]);
  expect(result).toEqual({ status: 7, stdout: 'out\n', stderr: 'err\n' });
  // Often enough that an end which overtakes the bytes before it would show.
  for (let round = 0; round < 12; round += 1) {
    const piped = await engine.docker(['run', '--rm', '-i', 'starter', 'wc', '-c'], {
      input: 'x'.repeat(300_000),
    });
    expect(piped.stdout.trim()).toBe('300000');
  }
});

test('docker run with ports, volumes, environment, user, directory, limits and a name', async () => {
  const args = [
    '-d',
    '--name',
    'full',
    '-p',
    '127.0.0.1:18481:80',
    '-v',
    'jar:/srv',
    '-e',
    'A=b',
    '-w',
    '/srv',
    '-m',
    '64m',
    '--cpus',
    '0.5',
  ];
  await docker('run', ...args, 'starter', 'sh', '-c', 'echo $A > index.html; httpd -f -h /srv');
  let body = '';
  while (body === '')
    body = await fetch('http://127.0.0.1:18481/').then(
      (answer) => answer.text(),
      () => '',
    );
  expect(body).toBe('b\n');
  expect(await docker('port', 'full')).toBe('80/tcp -> 127.0.0.1:18481');
  expect(await docker('ps', '--format', '{{.Names}} {{.Ports}}')).toBe(
    'full 127.0.0.1:18481->80/tcp',
  );
  expect(
    await docker('inspect', '-f', '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}', 'full'),
  ).toBe('67108864 500000000');
  expect(await docker('exec', '-u', 'nobody', 'full', 'id', '-un')).toBe('nobody');
  expect(await docker('top', 'full')).toContain('httpd');
  expect(await docker('stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}', 'full')).toMatch(
    /^full [1-9]/,
  );
  await docker('stop', '-t', '1', 'full');
  await docker('rm', 'full');
  await docker('volume', 'rm', 'jar');
});

test('docker logs -f ends with the container', async () => {
  await docker(
    'run',
    '-d',
    '--name',
    'lines',
    'starter',
    'sh',
    '-c',
    'for i in 1 2 3; do echo $i; sleep 0.1; done',
  );
  expect(await docker('logs', '-f', 'lines')).toBe('1\n2\n3');
  expect(await docker('logs', '--tail', '2', 'lines')).toBe('2\n3');
  expect(await docker('logs', '-t', 'lines')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z 1\n/);
  await docker('rm', 'lines');
});

test('docker create, start -a, restart, kill, wait, rename', async () => {
  await docker('create', '--name', 'step', 'starter', 'sh', '-c', 'echo hi; sleep 1000');
  await docker('start', 'step');
  await docker('restart', '-t', '0', 'step');
  await docker('rename', 'step', 'stepped');
  await docker('pause', 'stepped');
  await docker('unpause', 'stepped');
  await docker('kill', '-s', 'KILL', 'stepped');
  expect(await docker('wait', 'stepped')).toBe('137');
  await docker('rm', 'stepped');
});

test('docker images, tag, history, inspect, save, load, import, export, rmi', async () => {
  const archive = join(engine.directory, 'box.tar');
  await docker('tag', 'starter', 'box:1');
  expect(await docker('images', '--format', '{{.Repository}}:{{.Tag}}')).toContain('box:1');
  expect(await docker('history', '--format', '{{.CreatedBy}}', 'box:1')).toContain('busybox');
  await docker('save', '-o', archive, 'box:1');
  await docker('rmi', 'box:1');
  expect(await docker('load', '-i', archive)).toBe('Loaded image: box:1');
  await docker('create', '--name', 'tree', 'box:1', 'true');
  await docker('export', '-o', join(engine.directory, 'tree.tar'), 'tree');
  await docker('rm', 'tree');
  await docker(
    'import',
    '-c',
    'CMD ["echo","imported"]',
    join(engine.directory, 'tree.tar'),
    'plain:1',
  );
  expect(await docker('run', '--rm', 'plain:1')).toBe('imported');
  await docker('rmi', 'plain:1', 'box:1');
});

test('docker events tell what happened', async () => {
  const since = String(Math.floor(Date.now() / 1000) - 1);
  await docker('run', '--rm', '--name', 'seen', 'starter', 'true');
  const until = String(Math.ceil(Date.now() / 1000) + 1);
  const events = await docker(
    'events',
    '--since',
    since,
    '--until',
    until,
    '--filter',
    'container=seen',
    '--format',
    '{{.Action}}',
  );
  expect(events.split('\n')).toEqual(
    expect.arrayContaining(['create', 'attach', 'start', 'die', 'destroy']),
  );
});

test('docker run reports failures with its own exit codes', async () => {
  expect((await engine.docker(['run', '--rm', 'starter', 'no-such-program'])).status).toBe(127);
  expect((await engine.docker(['run', '--rm', 'starter', '/etc/passwd'])).status).toBe(126);
  expect((await engine.docker(['run', '--rm', '-u', 'ghost', 'starter', 'true'])).status).toBe(125);
});

test('docker system df and prune', async () => {
  await docker('run', '--name', 'gone', 'starter', 'true');
  expect(await docker('system', 'df')).toContain('Images');
  expect(await docker('system', 'prune', '-f')).toContain('Deleted Containers');
  expect(await docker('ps', '-aq')).toBe('');
});

test('docker networks: none, host, container:<id>', async () => {
  expect(await docker('run', '--rm', '--network', 'none', 'starter', 'ls', '/sys/class/net')).toBe(
    'lo',
  );
  const host = (await must(['ls', '/sys/class/net']))
    .trim()
    .split('\n')
    .filter((name) => !name.startsWith('veth'));
  const seen = (
    await docker('run', '--rm', '--network', 'host', 'starter', 'ls', '/sys/class/net')
  ).split('\n');
  expect(host.filter((name) => !seen.includes(name))).toEqual([]);
  await docker('run', '-d', '--name', 'first', 'starter', 'sleep', '1000');
  const address = await docker('inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'first');
  expect(
    await docker(
      'run',
      '--rm',
      '--network',
      'container:first',
      'starter',
      'ip',
      '-4',
      'addr',
      'show',
      'eth0',
    ),
  ).toContain(address);
  expect(await docker('run', '--rm', 'starter', 'ping', '-c', '1', '-W', '2', address)).toContain(
    '1 packets received',
  );
  await docker('rm', '-f', 'first');
});

test('docker run: a network that is not there is told as such, and no image is pulled for it', async () => {
  const result = await engine.docker(['run', '--rm', '--network', 'nowhere', 'starter', 'true']);
  expect(result.stderr).toContain('network nowhere not found');
  expect(result.stderr).not.toContain('Unable to find image');
  expect(result.status).toBe(125);
});
