/** A real registry on loopback: pushed to by skopeo, pulled from by tiffin and by the stock docker client. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, TestEngine, until } from './harness.ts';

let engine: TestEngine;
let open: Registry;
let closed: Registry;

interface Registry {
  host: string;
  process: ChildProcess;
}

beforeAll(async () => {
  engine = await TestEngine.start();
  const password = join(engine.directory, 'htpasswd');
  writeFileSync(password, await must(['htpasswd', '-Bbn', 'ann', 'secret']));
  open = await startRegistry('open', 18_475);
  closed = await startRegistry(
    'closed',
    18_476,
    `auth:\n  htpasswd:\n    realm: test\n    path: ${password}\n`,
  );
  const archive = join(engine.directory, 'starter.tar');
  await engine.ok('save', '-o', archive, 'starter');
  const source = `docker-archive:${archive}`;
  await must([
    'skopeo',
    'copy',
    '--quiet',
    '--dest-tls-verify=false',
    source,
    `docker://${open.host}/lunch/box:v1`,
  ]);
  await must([
    'skopeo',
    'copy',
    '--quiet',
    '--format',
    'oci',
    '--dest-compress-format',
    'zstd',
    '--dest-tls-verify=false',
    source,
    `docker://${open.host}/lunch/box:zstd`,
  ]);
  await must([
    'skopeo',
    'copy',
    '--quiet',
    '--dest-tls-verify=false',
    '--dest-creds',
    'ann:secret',
    source,
    `docker://${closed.host}/lunch/box:v1`,
  ]);
});

afterAll(async () => {
  for (const registry of [open, closed]) registry.process.kill('SIGKILL');
  await engine[Symbol.asyncDispose]();
});

test('pull and run an image that skopeo pushed', async () => {
  const said = await engine.ok('pull', `${open.host}/lunch/box:v1`);
  expect(said).toContain('Digest: sha256:');
  expect(said).toContain(`Status: Downloaded newer image for ${open.host}/lunch/box:v1`);
  expect(await engine.ok('run', '--rm', `${open.host}/lunch/box:v1`, 'echo', 'tasty')).toBe(
    'tasty',
  );
  expect(await engine.ok('pull', `${open.host}/lunch/box:v1`)).toContain('Image is up to date');
});

test('pull takes an OCI image with zstd layers', async () => {
  await engine.ok('pull', '-q', `${open.host}/lunch/box:zstd`);
  expect(await engine.ok('run', '--rm', `${open.host}/lunch/box:zstd`, 'id', '-u')).toBe('0');
});

test('the stock docker client pulls and runs', async () => {
  await engine.tiffin(['rmi', '-f', `${open.host}/lunch/box:v1`]);
  const pulled = await engine.docker(['pull', `${open.host}/lunch/box:v1`]);
  expect(pulled).toMatchObject({ status: 0 });
  const result = await engine.docker(['run', '--rm', `${open.host}/lunch/box:v1`, 'echo', 'tasty']);
  expect(result).toEqual({ status: 0, stdout: 'tasty\n', stderr: '' });
});

test('run pulls what is missing', async () => {
  await engine.tiffin(['rmi', '-f', `${open.host}/lunch/box:v1`]);
  const result = await engine.tiffin(['run', '--rm', `${open.host}/lunch/box:v1`, 'echo', 'fresh']);
  expect({ status: result.status, stdout: result.stdout }).toEqual({
    status: 0,
    stdout: 'fresh\n',
  });
  expect(result.stderr).toContain(`Unable to find image '${open.host}/lunch/box:v1' locally`);
});

test('a registry with a password refuses without it and gives with it', async () => {
  const refused = await engine.tiffin(['pull', `${closed.host}/lunch/box:v1`]);
  expect(refused.status).toBe(1);
  const directory = join(engine.directory, 'docker-config');
  mkdirSync(directory, { recursive: true });
  const auths = { [closed.host]: { auth: btoa('ann:secret') } };
  writeFileSync(join(directory, 'config.json'), JSON.stringify({ auths }));
  const env = { DOCKER_CONFIG: directory };
  expect(await engine.tiffin(['pull', '-q', `${closed.host}/lunch/box:v1`], { env })).toMatchObject(
    { status: 0 },
  );
  expect(await engine.docker(['pull', '-q', `${closed.host}/lunch/box:v1`], { env })).toMatchObject(
    { status: 0 },
  );
});

test('a missing tag and a missing repository are told as such', async () => {
  const result = await engine.tiffin(['pull', `${open.host}/lunch/box:none`]);
  expect(result.status).toBe(1);
  expect(result.stderr).toContain('not found');
});

test('save gives an archive that skopeo reads in both forms', async () => {
  const archive = join(engine.directory, 'both.tar');
  await engine.ok('save', '-o', archive, `${open.host}/lunch/box:zstd`);
  for (const form of ['docker-archive', 'oci-archive']) {
    const target = join(engine.directory, `copy-${form}`);
    await must(['skopeo', 'copy', '--quiet', `${form}:${archive}`, `dir:${target}`]);
    rmSync(target, { recursive: true });
  }
});

async function startRegistry(name: string, port: number, more = ''): Promise<Registry> {
  const host = `127.0.0.1:${port}`;
  const storage = join(engine.directory, `registry-${name}`);
  mkdirSync(storage);
  const config = join(engine.directory, `registry-${name}.yml`);
  writeFileSync(
    config,
    `version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: ${storage}\nhttp:\n  addr: ${host}\n${more}`,
  );
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  await until(`the registry on ${host} answers`, async () => {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}`);
    return (await fetch(`http://${host}/v2/`).catch(() => undefined)) !== undefined;
  });
  return { host, process: child };
}
