/** Contexts: docker's files, its order of precedence, and what is refused. */

import { afterEach, beforeEach, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeApi } from '../testing/fake-api.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tiffin-context-'));
});
afterEach(() => rmSync(home, { recursive: true }));

async function tiffin(argv: string[], more: Record<string, string> = {}) {
  const { PATH = '' } = process.env;
  const entry = join(import.meta.dir, '../testing/program.ts');
  const program = Bun.spawn([process.execPath, entry, ...argv], {
    cwd: home,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    env: { PATH, HOME: home, DOCKER_CONFIG: join(home, 'docker'), ...more },
  });
  const [stdout, stderr, status] = await Promise.all([
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
    program.exited,
  ]);
  return { stdout, stderr, status };
}

const idOf = (name: string) => createHash('sha256').update(name).digest('hex');
const metaOf = (name: string) => join(home, 'docker/contexts/meta', idOf(name), 'meta.json');
const shown = async (argv: string[], env: Record<string, string> = {}) =>
  (await tiffin([...argv, 'context', 'show'], env)).stdout.trim();

test('context create writes the file that docker writes, and use, ls, rm follow it', async () => {
  const made = await tiffin([
    'context',
    'create',
    'one',
    '--docker',
    'host=unix:///run/one.sock',
    '--description',
    'first',
  ]);
  expect(made).toEqual({
    stdout: 'one\n',
    stderr: 'Successfully created context "one"\n',
    status: 0,
  });
  expect(readFileSync(metaOf('one'), 'utf8')).toBe(
    '{"Name":"one","Metadata":{"Description":"first"},"Endpoints":{"docker":{"Host":"unix:///run/one.sock","SkipTLSVerify":false}}}',
  );
  writeFileSync(join(home, 'docker/config.json'), '{"auths":{"r":{}},"psFormat":"x"}');
  expect((await tiffin(['context', 'use', 'one'])).stderr).toBe('Current context is now "one"\n');
  expect(JSON.parse(readFileSync(join(home, 'docker/config.json'), 'utf8'))).toEqual({
    auths: { r: {} },
    psFormat: 'x',
    currentContext: 'one',
  });
  expect((await tiffin(['context', 'ls', '--format', '{{.Name}} {{.Current}}'])).stdout).toBe(
    'default false\none true\n',
  );
  const inUse = await tiffin(['context', 'rm', 'one']);
  expect(inUse).toEqual({
    stdout: '',
    stderr: 'context "one" is in use, set -f flag to force remove\n',
    status: 1,
  });
  expect((await tiffin(['context', 'rm', '-f', 'one'])).stdout).toBe('one\n');
  expect(existsSync(metaOf('one'))).toBe(false);
  expect(await shown([])).toBe('default');
});

test('engineAddress takes -H, --context, TIFFIN_HOST, DOCKER_HOST, DOCKER_CONTEXT and the configuration in this order', async () => {
  for (const name of ['flag', 'variable', 'file']) {
    await tiffin(['context', 'create', name, '--docker', `host=unix://${home}/${name}.sock`]);
  }
  await tiffin(['context', 'use', 'file']);
  const env = {
    DOCKER_CONTEXT: 'variable',
    DOCKER_HOST: `unix://${home}/docker.sock`,
    TIFFIN_HOST: `unix://${home}/tiffin.sock`,
  };
  const reached = async (argv: string[], without: (keyof typeof env)[]) => {
    const left = Object.fromEntries(
      Object.entries(env).filter(([name]) => !without.some((one) => one === name)),
    );
    return /unix:\/\/[^ ]*\/([a-z]+)\.sock/.exec((await tiffin([...argv, 'ps'], left)).stderr)?.[1];
  };
  expect(await reached(['-H', `unix://${home}/given.sock`], [])).toBe('given');
  expect(await reached(['--context', 'flag'], [])).toBe('flag');
  expect(await reached([], [])).toBe('tiffin');
  expect(await reached([], ['TIFFIN_HOST'])).toBe('docker');
  expect(await reached([], ['TIFFIN_HOST', 'DOCKER_HOST'])).toBe('variable');
  expect(await reached([], ['TIFFIN_HOST', 'DOCKER_HOST', 'DOCKER_CONTEXT'])).toBe('file');
});

test('readGlobals refuses contradictions, unknown levels and TLS', async () => {
  const said = async (...argv: string[]) => (await tiffin([...argv, 'ps'])).stderr.trim();
  expect(await said('-H', '/a', '-c', 'b')).toBe(
    'conflicting options: cannot specify both --host and --context',
  );
  expect(await said('-H', '/a', '-H', '/b')).toBe('Specify only one -H');
  expect(await said('-l', 'loud')).toBe('Unable to parse logging level: loud');
  expect(await said('--tlsverify')).toContain('speak to a unix socket');
});

test('--config names the directory that DOCKER_CONFIG would name', async () => {
  const other = join(home, 'other');
  await tiffin([
    '--config',
    other,
    'context',
    'create',
    'there',
    '--docker',
    'host=unix:///run/x.sock',
  ]);
  expect((await tiffin(['--config', other, 'context', 'ls', '-q'])).stdout).toBe(
    'default\nthere\n',
  );
  expect((await tiffin(['context', 'ls', '-q'])).stdout).toBe('default\n');
});

test('a context of another kind of address is listed, and refused where it would be used', async () => {
  mkdirSync(join(metaOf('far'), '..'), { recursive: true });
  writeFileSync(
    metaOf('far'),
    '{"Name":"far","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://192.0.2.1:2376"}}}',
  );
  expect((await tiffin(['context', 'ls', '--format', '{{.DockerEndpoint}}'])).stdout).toContain(
    'tcp://192.0.2.1:2376\n',
  );
  const used = await tiffin(['-c', 'far', 'ps']);
  expect(used).toMatchObject({ status: 1, stdout: '' });
  expect(used.stderr).toStartWith("tiffin's own commands do not speak TCP: tcp://192.0.2.1:2376\n");
  const made = await tiffin(['context', 'create', 'near', '--docker', 'host=ssh://h']);
  expect(made.stderr).toContain('invalid engine address "ssh://h"');
  expect((await tiffin(['-c', 'nowhere', 'ps'])).stderr).toStartWith(
    'Failed to initialize: unable to resolve docker endpoint: context "nowhere": context not found: open ',
  );
});

test('context export and import keep name-independent data; checkName and parseContext refuse the rest', async () => {
  await tiffin(['context', 'create', 'one', '--docker', 'host=unix:///run/one.sock']);
  expect((await tiffin(['context', 'export', 'one'])).stderr).toBe(
    'Written file "one.dockercontext"\n',
  );
  expect((await tiffin(['context', 'export', 'one'])).stderr).toBe(
    'open one.dockercontext: file exists\n',
  );
  expect((await tiffin(['context', 'import', 'two', 'one.dockercontext'])).stdout).toBe('two\n');
  expect(JSON.parse(readFileSync(metaOf('two'), 'utf8'))).toMatchObject({
    Name: 'two',
    Endpoints: { docker: { Host: 'unix:///run/one.sock' } },
  });
  expect((await tiffin(['context', 'import', '../x', 'one.dockercontext'])).stderr).toContain(
    'context name "../x" is invalid',
  );
  expect((await tiffin(['context', 'create', 'default'])).stderr).toBe(
    '"default" is a reserved context name\n',
  );
  expect((await tiffin(['context', 'import', 'three', '/etc/passwd'])).stderr).toContain(
    'invalid tar archive',
  );
  writeFileSync(metaOf('two'), '[1]');
  expect((await tiffin(['context', 'inspect', 'two'])).stderr).toContain(
    'invalid context metadata in ',
  );
});

test('system dial-stdio passes bytes both ways until the engine closes', async () => {
  await using api = await fakeApi({ answers: { 'GET /_ping': [200, 'OK'] } });
  const request = 'GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  const outcome = await api.run(['system', 'dial-stdio'], { stdin: request });
  expect(outcome).toMatchObject({ stderr: '', status: 0 });
  expect(outcome.stdout).toStartWith('HTTP/1.1 200 OK\r\n');
  expect(outcome.stdout).toContain('OK');
});

test('compose becomes the installed program, with this engine as its DOCKER_HOST', async () => {
  await using api = await fakeApi({});
  const plugins = join(home, 'docker/cli-plugins');
  mkdirSync(plugins, { recursive: true });
  writeFileSync(
    join(plugins, 'docker-compose'),
    '#!/bin/sh\necho "$DOCKER_HOST [$DOCKER_CONTEXT] $*"; exit 9\n',
    { mode: 0o755 },
  );
  const socket = api.socket;
  const env = { TIFFIN_HOST: socket, DOCKER_CONTEXT: 'elsewhere' };
  const outcome = await tiffin(['compose', '-f', 'x.yaml', 'up', '--help'], env);
  expect(outcome).toEqual({
    stdout: `unix://${socket} [] -f x.yaml up --help\n`,
    stderr: '',
    status: 9,
  });
  rmSync(plugins, { recursive: true });
  const absent = await tiffin(['compose', 'ps'], { TIFFIN_HOST: socket, PATH: home });
  expect(absent.status).toBe(127);
  expect(absent.stderr).toContain('compose is not installed: no docker-compose in ');
});

test('network connect and disconnect send what their flags say', async () => {
  await using api = await fakeApi({ answers: { 'POST /networks/n/': [200] } });
  const flags = [
    '--alias',
    'a,b',
    '--ip',
    '10.0.0.2',
    '--link',
    'c:d',
    '--driver-opt',
    'k=v',
    '--gw-priority',
    '-3',
  ];
  expect(await api.run(['network', 'connect', ...flags, 'n', 'box'])).toEqual({
    stdout: '',
    stderr: '',
    status: 0,
  });
  await api.run(['network', 'disconnect', '-f', 'n', 'box']);
  expect(api.asked.map(({ path, body }) => [path, JSON.parse(body)])).toEqual([
    [
      '/networks/n/connect',
      {
        Container: 'box',
        EndpointConfig: {
          IPAMConfig: { IPv4Address: '10.0.0.2' },
          Aliases: ['a', 'b'],
          Links: ['c:d'],
          DriverOpts: { k: 'v' },
          GwPriority: -3,
        },
      },
    ],
    ['/networks/n/disconnect', { Container: 'box', Force: true }],
  ]);
});
