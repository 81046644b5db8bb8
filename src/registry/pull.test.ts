import { expect, test } from 'bun:test';
import type { TransferProgress } from '../spec/content.ts';
import type { RegistryAuth } from '../spec/docker.ts';
import { mediaTypes } from '../spec/image.ts';
import { parseReference } from '../spec/reference.ts';
import { type PullOptions, pull } from './pull.ts';
import { addImage, type FakeRegistry, fakeRegistry } from './testing/fake-registry.ts';
import { memoryBlobs } from './testing/memory-blobs.ts';

function options(registry: FakeRegistry, name: string, more: Partial<PullOptions> = {}) {
  const progress: TransferProgress[] = [];
  const blobs = memoryBlobs();
  const all: PullOptions = {
    reference: parseReference(`${registry.host}/${name}`),
    platform: { os: 'linux', architecture: 'amd64' },
    blobs,
    onProgress: (each) => progress.push(each),
    signal: new AbortController().signal,
    ...more,
  };
  return { options: all, blobs, progress };
}

function tokenChallenge(registry: FakeRegistry, realm: string): void {
  registry.intercept = (request, url) => {
    if (url.pathname === '/token') return Response.json({ token: 'good' });
    if (request.headers.get('authorization') === 'Bearer good') return undefined;
    const challenge = `Bearer realm="${realm}",service="test",scope="a,b"`;
    return new Response('', { status: 401, headers: { 'www-authenticate': challenge } });
  };
}

test('pull stores manifest, configuration and layers by digest', async () => {
  using registry = fakeRegistry();
  const image = addImage(registry, 'v1');
  const { options: wanted, blobs, progress } = options(registry, 'app:v1');
  const resolved = await pull(wanted);
  expect(resolved.manifest.digest).toBe(image.manifestDigest);
  expect([...blobs.held.keys()].sort()).toEqual(
    [image.layerDigest, image.configDigest, image.manifestDigest].sort(),
  );
  expect(progress.map(({ status }) => status)).toEqual([
    'Pulling fs layer',
    'Downloading',
    'Verifying Checksum',
    'Download complete',
  ]);
});

test('pull never asks the hosts in a descriptor for urls and fetches nothing twice', async () => {
  using registry = fakeRegistry();
  const image = addImage(registry, 'v1');
  const { options: wanted } = options(registry, 'app:v1');
  await pull(wanted);
  const before = registry.seen.length;
  await pull(wanted);
  const again = registry.seen.slice(before).map(({ path }) => path);
  expect(again).toEqual(['/v2/', `/v2/app/manifests/v1`]);
  expect(registry.seen.some(({ path }) => path.endsWith(image.layerDigest))).toBe(true);
});

test('pull selects the platform from an index and names what an index has instead', async () => {
  using registry = fakeRegistry();
  const image = addImage(registry, 'inner');
  const entry = {
    mediaType: mediaTypes.ociManifest,
    digest: image.manifestDigest,
    size: image.manifestSize,
  };
  const index = (architecture: string) =>
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [{ ...entry, platform: { os: 'linux', architecture } }],
    });
  registry.manifests.set('good', { type: mediaTypes.ociIndex, body: index('amd64') });
  registry.manifests.set('other', { type: mediaTypes.ociIndex, body: index('s390x') });
  expect((await pull(options(registry, 'app:good').options)).manifest.digest).toBe(
    image.manifestDigest,
  );
  const failure = await pull(options(registry, 'app:other').options).catch((error) => error);
  expect(failure.class).toBe('not-found');
  expect(failure.hint).toContain('linux/s390x');
});

test('pull refuses a blob whose content is not what its digest says, and keeps nothing of it', async () => {
  using registry = fakeRegistry();
  const image = addImage(registry, 'v1', 'right');
  registry.blobs.set(image.layerDigest, new TextEncoder().encode('wrong'));
  const { options: wanted, blobs } = options(registry, 'app:v1');
  await expect(pull(wanted)).rejects.toMatchObject({ code: 'wrong-digest' });
  expect(blobs.held.has(image.layerDigest)).toBe(false);
});

test('pull refuses a blob that is longer than its manifest tells', async () => {
  using registry = fakeRegistry();
  const image = addImage(registry, 'v1', 'short');
  registry.blobs.set(image.layerDigest, new Uint8Array(1_000_000));
  await expect(pull(options(registry, 'app:v1').options)).rejects.toMatchObject({
    code: 'wrong-size',
  });
});

test('pull by digest refuses a manifest that is another one', async () => {
  using registry = fakeRegistry();
  const image = addImage(registry, 'v1');
  const other = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: image.configDigest, size: 1 },
    layers: [],
  });
  registry.manifests.set(image.manifestDigest, { type: mediaTypes.ociManifest, body: other });
  await expect(
    pull(options(registry, `app@${image.manifestDigest}`).options),
  ).rejects.toMatchObject({ code: 'wrong-digest' });
});

test('pull gets one bearer token for all requests of a repository', async () => {
  using registry = fakeRegistry();
  addImage(registry, 'v1');
  tokenChallenge(registry, `http://${registry.host}/token`);
  await pull(options(registry, 'app:v1').options);
  expect(registry.seen.filter(({ path }) => path === '/token')).toHaveLength(1);
  expect(registry.seen.at(-1)?.authorization).toBe('Bearer good');
});

test('pull sends credentials to the token server of the registry itself', async () => {
  using registry = fakeRegistry();
  addImage(registry, 'v1');
  tokenChallenge(registry, `http://${registry.host}/token`);
  const auth: RegistryAuth = { username: 'ann', password: 'secret' };
  await pull(options(registry, 'app:v1', { auth }).options);
  const asked = registry.seen.find(({ path }) => path === '/token');
  expect(asked?.authorization).toBe(`Basic ${btoa('ann:secret')}`);
});

test('pull does not follow a realm that is no web address', async () => {
  using registry = fakeRegistry();
  addImage(registry, 'v1');
  tokenChallenge(registry, 'file:///etc/passwd');
  await expect(pull(options(registry, 'app:v1').options)).rejects.toMatchObject({
    code: 'bad-token-realm',
  });
});

test('pull keeps the Authorization header from another host that a redirect names', async () => {
  using registry = fakeRegistry();
  using other = fakeRegistry();
  const image = addImage(registry, 'v1');
  other.blobs.set(image.layerDigest, registry.blobs.get(image.layerDigest) ?? new Uint8Array());
  registry.intercept = (request, url) => {
    if (request.headers.get('authorization') === null) {
      return new Response('', {
        status: 401,
        headers: { 'www-authenticate': 'Basic realm="test"' },
      });
    }
    if (!url.pathname.endsWith(image.layerDigest)) return undefined;
    return new Response('', {
      status: 307,
      headers: { location: `http://${other.host}${url.pathname}` },
    });
  };
  await pull(
    options(registry, 'app:v1', { auth: { username: 'ann', password: 'secret' } }).options,
  );
  expect(other.seen).toEqual([{ path: `/v2/app/blobs/${image.layerDigest}`, authorization: null }]);
});

test('pull says what is wrong: missing tag, wrong password, registry that is down', async () => {
  const down = fakeRegistry();
  using registry = fakeRegistry();
  await expect(pull(options(registry, 'app:none').options)).rejects.toMatchObject({
    class: 'not-found',
    code: 'manifest-unknown',
  });
  registry.intercept = (_, url) =>
    url.pathname === '/token'
      ? new Response('', { status: 401 })
      : new Response('', {
          status: 401,
          headers: { 'www-authenticate': `Bearer realm="http://${registry.host}/token"` },
        });
  await expect(pull(options(registry, 'app:v1').options)).rejects.toMatchObject({
    class: 'unauthorized',
  });
  down[Symbol.dispose]();
  await expect(pull(options(down, 'app:v1').options)).rejects.toMatchObject({
    class: 'unavailable',
    code: 'registry-unreachable',
  });
});

test('pull that is cancelled stops and says so', async () => {
  using registry = fakeRegistry();
  const image = addImage(registry, 'v1');
  const stop = new AbortController();
  registry.intercept = (_, url) => {
    if (!url.pathname.endsWith(image.layerDigest)) return undefined;
    stop.abort();
    return new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }));
  };
  await expect(
    pull(options(registry, 'app:v1', { signal: stop.signal }).options),
  ).rejects.toMatchObject({ class: 'cancelled' });
});
