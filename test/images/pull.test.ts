/** `pull` in its rarer forms, and what a registry tells without a pull. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { must, TestEngine } from '../integration/harness.ts';
import { type Registry, startRegistry } from './registry.ts';

let engine: TestEngine;
let registry: Registry;
let box: string;

beforeAll(async () => {
  engine = await TestEngine.start();
  registry = await startRegistry({ directory: engine.directory, name: 'open', port: 18_591 });
  box = `${registry.host}/lunch/box`;
  for (const tag of ['a', 'b']) await engine.ok('tag', 'starter', `${box}:${tag}`);
  await engine.ok('push', '-q', '-a', box);
});

afterAll(async () => {
  registry[Symbol.dispose]();
  await engine[Symbol.asyncDispose]();
});

test('pull --all-tags fetches every tag, by tiffin and by docker', async () => {
  for (const client of [engine.tiffin.bind(engine), engine.docker.bind(engine)]) {
    await engine.ok('rmi', `${box}:a`, `${box}:b`);
    expect(await client(['pull', '-a', box])).toMatchObject({ status: 0 });
    expect(await engine.ok('images', '--format', '{{.Tag}}', box)).toBe('a\nb');
  }
  expect((await engine.tiffin(['pull', '-a', `${box}:a`])).stderr).toContain("tag can't be used");
});

test('pull by digest, and by tag and digest', async () => {
  const { Digest: digest } = JSON.parse(
    await must(['skopeo', 'inspect', '--tls-verify=false', `docker://${box}:a`]),
  );
  await engine.ok('rmi', `${box}:a`, `${box}:b`);
  expect(await engine.ok('pull', '-q', `${box}@${digest}`)).toBe(`${box}@${digest}`);
  expect(await engine.ok('run', '--rm', `${box}@${digest}`, 'echo', 'x')).toBe('x');
  await engine.ok('pull', '-q', `${box}:a@${digest}`);
  const wrong = `${box}@sha256:${'0'.repeat(64)}`;
  expect((await engine.tiffin(['pull', wrong])).stderr).toContain('not found');
});

test('pull --platform takes that platform out of an index in an index', async () => {
  const { digest, size } = await manifestOf('a');
  const foreign = {
    mediaType: TYPES.manifest,
    digest,
    size,
    platform: { os: 'linux', architecture: 's390x' },
  };
  const inner = await put('inner', {
    schemaVersion: 2,
    mediaType: TYPES.index,
    manifests: [foreign],
  });
  const outer = {
    ...inner,
    mediaType: TYPES.index,
    platform: { os: 'linux', architecture: 's390x' },
  };
  await put('multi', { schemaVersion: 2, mediaType: TYPES.index, manifests: [outer] });
  const missing = await engine.tiffin(['pull', `${box}:multi`]);
  expect(missing.stderr).toContain('no matching manifest for linux/amd64');
  expect(
    await engine.tiffin(['pull', '-q', '--platform', 'linux/s390x', `${box}:multi`]),
  ).toMatchObject({ status: 0 });
});

test('pull of an image whose layers are here says so and announces no download', async () => {
  await engine.ok('tag', 'starter', 'stays');
  const said = await engine.ok('pull', `${box}:b`);
  expect(said).not.toContain('Pulling fs layer');
  expect(said).toContain('Already exists');
});

test('pulls of one image at the same time all succeed', async () => {
  await engine.ok('system', 'prune', '-a', '-f');
  const pulls = Array.from({ length: 4 }, () => engine.tiffin(['pull', '-q', `${box}:a`]));
  for (const result of await Promise.all(pulls)) expect(result).toMatchObject({ status: 0 });
  expect(await engine.ok('run', '--rm', `${box}:a`, 'echo', 'once')).toBe('once');
});

test('manifest inspect, the distribution route and search', async () => {
  const manifest = JSON.parse(await engine.ok('manifest', 'inspect', `${box}:a`));
  expect(manifest).toMatchObject({ schemaVersion: 2, layers: [{}] });
  const answer = await fetch(`http://engine/v1.47/distribution/${box}:a/json`, {
    unix: engine.socket,
  });
  const { digest, size } = await manifestOf('a');
  expect(await answer.json()).toMatchObject({
    Descriptor: { digest, size },
    Platforms: [{ os: 'linux', architecture: 'amd64' }],
  });
  const search = await engine.docker(['search', `${registry.host}/box`]);
  expect(search.stderr).toContain('has no search');
});

test('save and load through a foreign tool and back, several images in one archive', async () => {
  await engine.ok('pull', '-q', `${box}:a`);
  await engine.ok('tag', `${box}:a`, 'second:2');
  const archive = join(engine.directory, 'two.tar');
  await engine.ok('save', '-o', archive, `${box}:a`, 'second:2');
  const zipped = Bun.spawnSync(['gzip', '-c', archive]).stdout;
  await engine.ok('rmi', '-f', `${box}:a`, 'second:2');
  const loaded = await engine.docker(['load'], { input: zipped });
  expect(loaded.stdout).toContain('Loaded image: second:2');
  expect(await engine.ok('run', '--rm', 'second:2', 'echo', 'back')).toBe('back');
});

const TYPES = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  index: 'application/vnd.oci.image.index.v1+json',
};

async function manifestOf(tag: string): Promise<{ digest: string; size: number }> {
  const answer = await fetch(`http://${registry.host}/v2/lunch/box/manifests/${tag}`, {
    headers: { accept: TYPES.manifest },
  });
  const bytes = await answer.arrayBuffer();
  return { digest: String(answer.headers.get('docker-content-digest')), size: bytes.byteLength };
}

async function put(tag: string, index: object): Promise<{ digest: string; size: number }> {
  const body = JSON.stringify(index);
  const answer = await fetch(`http://${registry.host}/v2/lunch/box/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': TYPES.index },
    body,
  });
  expect(answer.status).toBe(201);
  return { digest: String(answer.headers.get('docker-content-digest')), size: body.length };
}
