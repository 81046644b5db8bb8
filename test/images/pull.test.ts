/** `pull` in its rarer forms, and what a registry tells without a pull. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { must, TestEngine, until } from '../integration/harness.ts';
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

test('a pull whose client goes away leaves what came, and the next one asks for the rest only', async () => {
  await engine.ok(
    'run',
    '--name',
    'bulk',
    'starter',
    'sh',
    '-c',
    'head -c 6000000 /dev/urandom > /bulk',
  );
  await engine.ok('commit', 'bulk', `${registry.host}/big/box:1`);
  await engine.ok('push', '-q', `${registry.host}/big/box:1`);
  await engine.ok('rm', 'bulk');
  await engine.ok('rmi', `${registry.host}/big/box:1`);
  const ranges: (string | null)[] = [];
  let stuck = 0;
  using proxy = Bun.serve({
    hostname: '127.0.0.1',
    port: 18_592,
    async fetch(request) {
      const url = new URL(request.url);
      const range = request.headers.get('range');
      const headers: Record<string, string> = range === null ? {} : { range };
      headers.accept = request.headers.get('accept') ?? '*/*';
      const answer = await fetch(`http://${registry.host}${url.pathname}`, { headers });
      const bytes = new Uint8Array(await answer.arrayBuffer());
      if (bytes.length < 1_000_000)
        return new Response(bytes, { status: answer.status, headers: answer.headers });
      ranges.push(range);
      if (ranges.length > 1)
        return new Response(bytes, { status: answer.status, headers: answer.headers });
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(bytes.subarray(0, 4_000_000)),
        pull: () => {
          stuck += 1;
          return new Promise(() => undefined);
        },
      });
      return new Response(body);
    },
  });
  const image = `127.0.0.1:${proxy.port}/big/box:1`;
  const away = engine.tiffin(['pull', image], { timeoutMs: 3000 });
  await until('the download hangs', () => stuck > 0);
  expect((await away).status).toBe(137);
  await until(
    'the pull has ended',
    () =>
      existsSync(join(engine.dataRoot, 'images/.ingest')) &&
      readdirSync(join(engine.dataRoot, 'images/.ingest')).some((file) =>
        file.startsWith('partial-'),
      ),
  );
  expect(await engine.tiffin(['pull', '-q', image])).toMatchObject({ status: 0 });
  expect(ranges).toEqual([null, expect.stringMatching(/^bytes=[1-9][0-9]{6}-$/)]);
  expect(await engine.ok('run', '--rm', image, 'stat', '-c', '%s', '/bulk')).toBe('6000000');
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

test('--platform of save, push and load takes that platform or refuses it, by tiffin and by docker', async () => {
  const own = process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64';
  const file = join(engine.directory, 'platform.tar');
  for (const client of [engine.tiffin.bind(engine), engine.client.bind(engine)]) {
    const other = await client(['save', '--platform', 'linux/s390x', '-o', file, 'starter']);
    expect(other.status).not.toBe(0);
    expect(other.stderr).toContain('does not provide the specified platform (linux/s390x)');
    expect(await client(['save', '--platform', own, '-o', file, 'starter'])).toMatchObject({
      status: 0,
    });
    const loaded = await client(['load', '-q', '--platform', own, '-i', file]);
    expect(loaded).toMatchObject({ status: 0, stdout: 'Loaded image: starter:latest\n' });
    const none = await client(['load', '-q', '--platform', 'linux/s390x', '-i', file]);
    expect(none.status).not.toBe(0);
    await engine.ok('tag', 'starter', `${box}:p`);
    const pushed = await client(['push', '--platform', 'linux/s390x', `${box}:p`]);
    expect(pushed.status).not.toBe(0);
    expect(await client(['push', '--platform', own, `${box}:p`])).toMatchObject({ status: 0 });
  }
});
