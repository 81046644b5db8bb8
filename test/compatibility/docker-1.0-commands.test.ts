/** The commands of docker 1.0 with the flags they had: what each prints and does. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, TestEngine, tiffinBinary } from '../integration/harness.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await TestEngine.start();
});

afterAll(() => engine[Symbol.asyncDispose]());

const columns = (text: string) => (text.split('\n')[0] ?? '').split(/ {2,}/);

test('images lists repositories with -a, -q, --no-trunc, -f dangling and a pattern for names', async () => {
  await engine.ok('tag', 'starter', 'lunch/soup:1');
  expect(columns(await engine.ok('images', '-a'))).toEqual([
    'REPOSITORY',
    'TAG',
    'IMAGE ID',
    'CREATED',
    'SIZE',
  ]);
  expect(await engine.ok('images', '-q')).toMatch(/^[0-9a-f]{12}\n?/);
  expect(await engine.ok('images', '-q', '--no-trunc', 'starter')).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await engine.ok('images', '--format', '{{.Repository}}', 'lunch/*')).toBe('lunch/soup');
  const id = await engine.ok('create', 'starter');
  const image = await engine.ok('commit', id);
  expect(await engine.ok('images', '-q', '--no-trunc', '-f', 'dangling=true')).toBe(image);
  expect(await engine.ok('rmi', '--no-prune', image)).toBe(`Deleted: ${image}`);
  expect(await engine.ok('rmi', 'lunch/soup:1')).toBe('Untagged: lunch/soup:1');
});

test('ps shows the columns of docker 1.0, and -a, -l, -n, -q, -s and --no-trunc choose', async () => {
  const first = await engine.ok('run', '-d', '--name', 'first', 'starter', 'sh', '-c', 'exit 3');
  await engine.ok('wait', 'first');
  const second = await engine.ok('run', '-d', '--name', 'second', 'starter', 'sleep', '100');
  const plain = ['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAMES'];
  expect(columns(await engine.ok('ps'))).toEqual(plain);
  expect(columns(await engine.ok('ps', '-s'))).toEqual([...plain, 'SIZE']);
  expect(await engine.ok('ps', '-q', '--no-trunc')).toBe(second);
  expect(await engine.ok('ps', '-lq')).toBe(second.slice(0, 12));
  expect(await engine.ok('ps', '-n', '2', '-q', '--no-trunc')).toBe(`${second}\n${first}`);
  expect(await engine.ok('ps', '-a')).toMatch(/Exited \(3\) .* ago/);
  expect(await engine.ok('ps')).toMatch(/ Up [0-9a-zA-Z ]+/);
  await engine.ok('rm', '-f', 'first', 'second');
});

test('start, stop, restart, kill, pause, wait and rm take several containers and their flags', async () => {
  const names = ['one', 'two'];
  for (const name of names)
    await engine.ok('create', '-i', '--name', name, '-v', '/data', 'starter', 'cat');
  expect(await engine.ok('start', ...names)).toBe('one\ntwo');
  expect(await engine.ok('restart', '-t', '0', ...names)).toBe('one\ntwo');
  expect(await engine.ok('pause', ...names)).toBe('one\ntwo');
  expect(await engine.ok('unpause', ...names)).toBe('one\ntwo');
  expect(await engine.ok('stop', '-t', '0', ...names)).toBe('one\ntwo');
  expect(await engine.ok('wait', ...names)).toBe('137\n137');
  const echoed = await engine.tiffin(['start', '-a', '-i', 'one'], { input: 'again\n' });
  expect(echoed).toMatchObject({ stdout: 'again\n', status: 0 });
  await engine.ok('start', 'two');
  expect(await engine.ok('kill', '-s', 'KILL', 'two')).toBe('two');
  const volumes = await engine.ok('volume', 'ls', '-q');
  expect(volumes.split('\n')).toHaveLength(2);
  expect(await engine.ok('rm', '-f', '-v', ...names)).toBe('one\ntwo');
  expect(await engine.ok('volume', 'ls', '-q')).toBe('');
});

test('cp, export, import, save and load carry files and images, import from every kind of archive', async () => {
  const at = (name: string) => join(engine.directory, name);
  const id = await engine.ok(
    'run',
    '-d',
    '--name',
    'carry',
    'starter',
    'sh',
    '-c',
    'echo text > /file',
  );
  await engine.ok('wait', 'carry');
  mkdirSync(at('out'));
  await engine.ok('cp', 'carry:/file', at('out'));
  expect(readFileSync(at('out/file'), 'utf8')).toBe('text\n');
  await must([
    'sh',
    '-c',
    `exec "$0" -H unix://${engine.socket} export ${id} > ${at('tree.tar')}`,
    tiffinBinary,
  ]);
  for (const program of ['gzip', 'bzip2', 'xz']) {
    await must(['sh', '-c', `${program} -c ${at('tree.tar')} > ${at(program)}`]);
    const image = await engine.ok('import', at(program), `packed/${program}:1`);
    expect(image).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await engine.ok('run', '--rm', `packed/${program}:1`, 'cat', '/file')).toBe('text');
  }
  await engine.ok('save', '-o', at('saved.tar'), 'packed/xz:1');
  await engine.ok('rmi', 'packed/xz:1');
  expect(await engine.ok('load', '-i', at('saved.tar'))).toBe('Loaded image: packed/xz:1');
});

test('history, info, version, inspect and logs answer as docker 1.0 did, with its flags', async () => {
  const id = await engine.ok('run', '-d', '--name', 'talks', 'starter', 'sh', '-c', 'echo said');
  await engine.ok('wait', 'talks');
  expect(columns(await engine.ok('history', '--no-trunc', 'starter')).slice(0, 4)).toEqual([
    'IMAGE',
    'CREATED',
    'CREATED BY',
    'SIZE',
  ]);
  expect(await engine.ok('history', '-q', 'starter')).toMatch(/^[0-9a-f]{12}/);
  expect(await engine.ok('info')).toContain('Containers: ');
  const version = await engine.ok('version');
  for (const line of ['Client:', 'Server:', 'API version:', 'Git commit:'])
    expect(version).toContain(line);
  expect(
    await engine.ok(
      'inspect',
      '-f',
      '{{range .Config.Cmd}}<{{.}}>{{end}} {{index .Config.Cmd 0}} {{json .Name}}',
      id,
    ),
  ).toBe('<sh><-c><echo said> sh "/talks"');
  expect(JSON.parse(await engine.ok('inspect', 'talks', 'starter'))).toHaveLength(2);
  expect(await engine.ok('logs', '-f', '-t', 'talks')).toMatch(/^[0-9-]{10}T[0-9:.]+Z said$/);
});

test('run takes every flag of docker 1.0', async () => {
  const peer = await engine.ok(
    'run',
    '-d',
    '--name',
    'peer',
    '-v',
    '/shared',
    'starter',
    'sleep',
    '100',
  );
  const all = [
    ...[
      '-a',
      'stdout',
      '-c',
      '512',
      '--cpuset',
      '0',
      '--dns',
      '10.0.0.1',
      '--dns-search',
      'example',
    ],
    ...[
      '-e',
      'A=1',
      '--entrypoint',
      'sh',
      '--expose',
      '80',
      '-h',
      'named',
      '-i',
      '--link',
      'peer:p',
    ],
    ...[
      '-m',
      '64m',
      '--name',
      'all',
      '--net',
      'bridge',
      '-p',
      '127.0.0.1::80',
      '-P',
      '--privileged',
    ],
    ...[
      '--rm',
      '--sig-proxy=false',
      '-t=false',
      '-u',
      'root',
      '-v',
      `${engine.directory}/made:/bound:ro`,
    ],
    ...['--volumes-from', 'peer:ro', '-w', '/tmp', 'starter', '-c'],
  ];
  const text = await engine.tiffin(['run', ...all, 'pwd; hostname; echo $A; ls -d /shared /bound']);
  expect(text.stdout).toBe('/tmp\nnamed\n1\n/bound\n/shared\n');
  // A directory of the host that is not there is made.
  expect(existsSync(join(engine.directory, 'made'))).toBe(true);
  const joined = await engine.ok(
    'run',
    '--rm',
    '--net',
    `container:${peer}`,
    'starter',
    'hostname',
  );
  expect(joined).toBe(peer.slice(0, 12));
  for (const net of ['none', 'host'])
    await engine.ok('run', '--rm', '--net', net, 'starter', 'true');
});
