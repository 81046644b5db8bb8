/** Images of several platforms under one name: pulled side by side, run, listed, saved, loaded, pushed, removed. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mediaTypes } from '../../src/spec/image.ts';
import { must, TestEngine } from '../integration/harness.ts';
import { type Registry, startRegistry } from './registry.ts';

const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/s390x'];
const own = process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64';
const foreign = own === 'linux/arm64' ? 'linux/amd64' : 'linux/arm64';

let engine: TestEngine;
let registry: Registry;
let box: string;

beforeAll(async () => {
  engine = await TestEngine.start();
  registry = await startRegistry({ directory: engine.directory, name: 'parts', port: 18_595 });
  box = `${registry.host}/lunch/box`;
  const manifests = [];
  for (const platform of PLATFORMS) {
    const tag = platform.slice(6);
    const context = join(engine.directory, tag);
    mkdirSync(context);
    writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY arch /\nCMD ["/arch"]\n');
    writeFileSync(join(context, 'arch'), tag);
    await engine.ok('build', '-q', '--platform', platform, '-t', `${box}:${tag}`, context);
    await engine.ok('push', '-q', `${box}:${tag}`);
    const answer = await ask(tag);
    const [os, architecture] = platform.split('/');
    manifests.push({
      mediaType: mediaTypes.ociManifest,
      digest: String(answer.headers.get('docker-content-digest')),
      size: (await answer.arrayBuffer()).byteLength,
      platform: { os, architecture },
    });
  }
  await putIndex('all', manifests);
  await putIndex('two', manifests.slice(0, 2));
  await engine.ok('system', 'prune', '-a', '-f');
});

afterAll(async () => {
  registry[Symbol.dispose]();
  await engine[Symbol.asyncDispose]();
});

function ask(name: string): Promise<Response> {
  const accept = [mediaTypes.ociManifest, mediaTypes.ociIndex].join(', ');
  return fetch(`http://${registry.host}/v2/lunch/box/manifests/${name}`, { headers: { accept } });
}

async function putIndex(tag: string, manifests: unknown[]): Promise<void> {
  const body = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  const url = `http://${registry.host}/v2/lunch/box/manifests/${tag}`;
  const headers = { 'content-type': mediaTypes.ociIndex };
  expect((await fetch(url, { method: 'PUT', headers, body })).status).toBe(201);
}

const digestOf = async (tag: string) => (await ask(tag)).headers.get('docker-content-digest');
const architectureOf = (name: string) =>
  engine.ok('image', 'inspect', '-f', '{{.Architecture}}', name);
const listed = async (name: string) =>
  (await engine.ok('images', '--format', '{{.Platform}}', name)).split('\n').sort();

test('pull --platform keeps the platforms of one index side by side; the name alone is the one that runs here', async () => {
  for (const platform of [own, foreign]) {
    await engine.ok('pull', '-q', '--platform', platform, `${box}:two`);
  }
  expect(await listed(`${box}:two`)).toEqual(['linux/amd64', 'linux/arm64']);
  expect(await architectureOf(`${box}:two`)).toBe(own.slice(6));
  const made = await engine.ok('create', '--platform', foreign, `${box}:two`);
  const image = await engine.ok('inspect', '-f', '{{.Image}}', made);
  expect(await architectureOf(image)).toBe(foreign.slice(6));
  await engine.ok('rm', made);
  const history = await engine.ok('history', '-q', '--platform', foreign, `${box}:two`);
  expect(history.split('\n')[0]).toBe(image.slice(7, 19));
});

test('push sends the index when all its platforms are here, under another name too', async () => {
  await engine.ok('tag', `${box}:two`, `${box}:copy`);
  await engine.ok('push', '-q', `${box}:copy`);
  expect(await digestOf('copy')).toBe(await digestOf('two'));
  await engine.ok('push', '-q', '--platform', foreign, `${box}:copy`);
  expect(await digestOf('copy')).toBe(await digestOf(foreign.slice(6)));
  await engine.ok('rmi', `${box}:copy`);
});

test('push of an index of which only parts are here sends the one that runs here, and says so', async () => {
  for (const platform of [foreign, own]) {
    await engine.ok('pull', '-q', '--platform', platform, `${box}:all`);
  }
  await engine.ok('tag', `${box}:all`, `${box}:some`);
  const said = await engine.ok('push', `${box}:some`);
  expect(said).toContain(`Not all multiplatform-content is present, only ${own} is pushed`);
  expect(await digestOf('some')).toBe(await digestOf(own.slice(6)));
  await engine.ok('rmi', `${box}:all`, `${box}:some`);
});

test('save and load carry all platforms, or the one that is asked for; skopeo reads them', async () => {
  const file = join(engine.directory, 'two.tar');
  await engine.ok('save', '-o', file, `${box}:two`);
  const raw = await must(['skopeo', 'inspect', '--raw', `oci-archive:${file}:${box}:two`]);
  expect(JSON.parse(raw).manifests).toHaveLength(2);
  await engine.ok('rmi', '-f', `${box}:two`);
  expect(await engine.ok('images', '-q')).toBe('');
  expect(await engine.ok('load', '-i', file)).toBe(`Loaded image: ${box}:two`);
  expect(await listed(`${box}:two`)).toEqual(['linux/amd64', 'linux/arm64']);
  expect(await architectureOf(`${box}:two`)).toBe(own.slice(6));
  await engine.ok('push', '-q', `${box}:two`);
  await engine.ok('save', '-o', file, '--platform', foreign, `${box}:two`);
  await engine.ok('rmi', '-f', `${box}:two`);
  await engine.ok('load', '-q', '-i', file);
  expect(await listed(`${box}:two`)).toEqual([foreign]);
});

test('rmi takes a name with all its platforms, or one of them', async () => {
  for (const platform of [own, foreign]) {
    await engine.ok('pull', '-q', '--platform', platform, `${box}:two`);
  }
  await engine.ok('rmi', '--platform', own, `${box}:two`);
  expect(await listed(`${box}:two`)).toEqual([foreign]);
  expect(await architectureOf(`${box}:two`)).toBe(foreign.slice(6));
  await engine.ok('pull', '-q', `${box}:two`);
  const id = (await engine.ok('images', '-q', '--no-trunc', `${box}:two`)).split('\n')[0] ?? '';
  await engine.ok('rmi', '-f', id);
  expect(await listed(`${box}:two`)).toHaveLength(1);
  await engine.ok('pull', '-q', '--platform', own, `${box}:two`);
  await engine.ok('pull', '-q', '--platform', foreign, `${box}:two`);
  await engine.ok('rmi', `${box}:two`);
  await engine.ok('builder', 'prune', '-af');
  expect(await engine.ok('images', '-aq')).toBe('');
  expect(await engine.tiffin(['system', 'fsck'])).toMatchObject({ status: 0 });
});

test('manifest create, annotate and push make an index of images in other repositories too', async () => {
  const environment = { DOCKER_CONFIG: join(engine.directory, 'docker') };
  const manifest = (...args: string[]) =>
    engine.tiffin(['manifest', ...args], { env: environment });
  const list = `${registry.host}/dinner/list:1`;
  const parts = PLATFORMS.slice(0, 2).map((platform) => `${box}:${platform.slice(6)}`);
  expect(await manifest('create', list, ...parts)).toMatchObject({
    stdout: `Created manifest list ${list}\n`,
  });
  const again = await manifest('create', list, `${box}:s390x`);
  expect(again.stderr).toContain(
    'refusing to amend an existing manifest list with no --amend flag',
  );
  expect((await manifest('create', '--amend', list, `${box}:two`)).stderr).toContain(
    'is a manifest list itself',
  );
  expect(await manifest('create', '--amend', list, `${box}:s390x`)).toMatchObject({ status: 0 });
  const last = ['--os-version', '9', '--variant', 'v8', list, `${box}:arm64`];
  expect(await manifest('annotate', ...last)).toMatchObject({ status: 0 });
  const inspected = JSON.parse((await manifest('inspect', list)).stdout);
  expect(inspected.manifests).toHaveLength(3);
  const pushed = await manifest('push', '--purge', list);
  const raw = await must(['skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${list}`]);
  const index = JSON.parse(raw);
  expect(index.mediaType).toBe(mediaTypes.ociIndex);
  expect(index.manifests.map((each: { platform: object }) => each.platform)).toEqual([
    { architecture: 'amd64', os: 'linux' },
    { architecture: 'arm64', os: 'linux', variant: 'v8', 'os.version': '9' },
    { architecture: 's390x', os: 'linux' },
  ]);
  expect(pushed.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  await engine.ok('pull', '-q', '--platform', foreign, list);
  expect(await listed(list)).toEqual([foreign]);
  expect((await manifest('rm', list)).stderr).toContain('no such manifest');
  // Another registry's images cannot come in by reference.
  const elsewhere = 'other.example/app:1';
  await manifest('create', elsewhere, parts[0] ?? '');
  expect((await manifest('push', elsewhere)).stderr).toContain(
    `cannot use source images from a different registry than the target image: ${registry.host} != other.example`,
  );
  expect(await manifest('rm', elsewhere)).toMatchObject({ status: 0 });
  await engine.ok('rmi', list);
});
