/** Transfers that break, registries that lie: what goes on, what is refused, and who is told a password. */

import { expect, test } from 'bun:test';
import type { Digest, TransferProgress } from '../spec/content.ts';
import { sha256Digest } from '../spec/digest.ts';
import { mediaTypes } from '../spec/image.ts';
import { parseReference } from '../spec/reference.ts';
import { checkCredentials } from './login.ts';
import { pull } from './pull.ts';
import { type PushedImage, push } from './push.ts';
import { addImage, type FakeRegistry, fakeRegistry } from './testing/fake-registry.ts';
import { memoryBlobs } from './testing/memory-blobs.ts';

const text = 'layer'.repeat(100_000);

function pullFrom(
  registry: FakeRegistry,
  progress: TransferProgress[] = [],
  auth?: { username: string; password: string },
) {
  const blobs = memoryBlobs();
  const done = pull({
    reference: parseReference(`${registry.host}/app:v1`),
    platform: { os: 'linux', architecture: 'amd64' },
    blobs,
    ...(auth === undefined ? {} : { auth }),
    onProgress: (each) => progress.push(each),
    signal: new AbortController().signal,
  });
  return { done, blobs };
}

/** Half of the bytes, then the end of the connection. */
function halfOf(bytes: Uint8Array): Response {
  const half = bytes.subarray(0, bytes.length / 2);
  let sent = false;
  const body = new ReadableStream({
    async pull(controller) {
      if (sent) throw new Error('gone');
      sent = true;
      controller.enqueue(half);
      await Bun.sleep(20);
    },
  });
  return new Response(body);
}

test('pull goes on with a range where a download broke off', async () => {
  using registry = fakeRegistry();
  const image = addImage(registry, 'v1', text);
  const whole = registry.blobs.get(image.layerDigest) ?? new Uint8Array();
  const ranges: string[] = [];
  registry.intercept = (request, url) => {
    if (!url.pathname.endsWith(image.layerDigest)) return undefined;
    const range = request.headers.get('range');
    if (range === null) return halfOf(whole);
    ranges.push(range);
    const from = Number(/^bytes=(\d+)-$/.exec(range)?.[1]);
    const headers = { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` };
    return new Response(whole.subarray(from), { status: 206, headers });
  };
  const { done, blobs } = pullFrom(registry);
  await done;
  expect(ranges).toEqual([`bytes=${whole.length / 2}-`]);
  expect(blobs.held.get(image.layerDigest)?.length).toBe(whole.length);
});

test('pull passes over what it has when the registry knows no ranges', async () => {
  using registry = fakeRegistry();
  const image = addImage(registry, 'v1', text);
  const whole = registry.blobs.get(image.layerDigest) ?? new Uint8Array();
  let broken = false;
  registry.intercept = (_, url) => {
    if (!url.pathname.endsWith(image.layerDigest) || broken) return undefined;
    broken = true;
    return halfOf(whole);
  };
  const { done, blobs } = pullFrom(registry);
  await done;
  expect(blobs.held.has(image.layerDigest)).toBe(true);
});

test('pull asks again after «later», and not after «no»', async () => {
  using registry = fakeRegistry();
  const image = addImage(registry, 'v1');
  let answers = [503, 429];
  registry.intercept = (_, url) => {
    const status = url.pathname.endsWith(image.layerDigest) ? answers.shift() : undefined;
    return status === undefined ? undefined : new Response('', { status });
  };
  await pullFrom(registry).done;
  answers = [403, 403];
  await expect(pullFrom(registry).done).rejects.toMatchObject({ code: 'blob-failed' });
  expect(answers).toEqual([403]);
});

test('pull ends a body that never ends at the size its manifest tells', async () => {
  using registry = fakeRegistry();
  const image = addImage(registry, 'v1');
  registry.intercept = (_, url) => {
    if (!url.pathname.endsWith(image.layerDigest)) return undefined;
    const piece = new Uint8Array(64 * 1024);
    return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(piece) }));
  };
  const { done, blobs } = pullFrom(registry);
  await expect(done).rejects.toMatchObject({ code: 'wrong-size' });
  expect(blobs.held.has(image.layerDigest)).toBe(false);
});

test('pull refuses a manifest without end and one that is also an index', async () => {
  using registry = fakeRegistry();
  addImage(registry, 'v1');
  const body = JSON.stringify({ schemaVersion: 2, manifests: [], layers: [], config: {} });
  registry.manifests.set('v1', { type: mediaTypes.ociIndex, body });
  await expect(pullFrom(registry).done).rejects.toMatchObject({ code: 'bad-manifest' });
  registry.intercept = (_, url) => {
    if (!url.pathname.includes('/manifests/')) return undefined;
    const piece = new Uint8Array(64 * 1024).fill(32);
    return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(piece) }));
  };
  await expect(pullFrom(registry).done).rejects.toThrow('larger than');
});

/** Runs `body` while a token server at `http://thief.invalid` answers every question; what it was told is returned. */
async function besideThief(body: () => Promise<unknown>): Promise<(string | null)[]> {
  const asked: (string | null)[] = [];
  const real = globalThis.fetch;
  globalThis.fetch = Object.assign(
    async (...[input, init]: Parameters<typeof fetch>) => {
      if (!String(input).startsWith('http://thief.invalid')) return real(input, init);
      asked.push(new Headers(init?.headers).get('authorization'));
      return Response.json({ token: 'anonymous' });
    },
    { preconnect: real.preconnect },
  );
  try {
    await body();
  } finally {
    globalThis.fetch = real;
  }
  return asked;
}

const toThief = {
  status: 401,
  headers: { 'www-authenticate': 'Bearer realm="http://thief.invalid/token",service="x"' },
};

test('pull gives a realm on another host no password', async () => {
  using registry = fakeRegistry();
  const image = addImage(registry, 'v1');
  registry.intercept = (request) =>
    request.headers.get('authorization') === null ? new Response('', toThief) : undefined;
  const asked = await besideThief(async () => {
    const { blobs, done } = pullFrom(registry, [], { username: 'ann', password: 'secret' });
    await done;
    expect(blobs.held.has(image.layerDigest)).toBe(true);
  });
  expect(asked).toEqual([null]);
});

test('pull and login say that credentials were withheld when nothing is to be had without them', async () => {
  using registry = fakeRegistry();
  addImage(registry, 'v1');
  registry.intercept = () => new Response('', toThief);
  const auth = { username: 'ann', password: 'secret' };
  const refusal = { class: 'unauthorized', code: 'credentials-withheld' };
  const signal = new AbortController().signal;
  const asked = await besideThief(async () => {
    await expect(pullFrom(registry, [], auth).done).rejects.toMatchObject(refusal);
    await expect(checkCredentials(registry.host, auth, signal)).rejects.toThrow(
      'its token server thief.invalid is of another owner and was not given the credentials',
    );
  });
  expect(new Set(asked)).toEqual(new Set([null]));
});

function imageToPush(layer: Uint8Array): { image: PushedImage; content: (digest: Digest) => Blob } {
  const config = new TextEncoder().encode('{}');
  const blobs = new Map([layer, config].map((bytes) => [sha256Digest(bytes), bytes]));
  const describe = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: sha256Digest(bytes),
    size: bytes.length,
  });
  const body = {
    schemaVersion: 2,
    config: describe(mediaTypes.ociConfig, config),
    layers: [describe(mediaTypes.ociLayerGzip, layer)],
  };
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  return {
    image: {
      manifest: { mediaType: mediaTypes.ociManifest, digest: sha256Digest(bytes), bytes },
      config: body.config,
      layers: body.layers,
    },
    content: (digest) => new Blob([blobs.get(digest) ?? new Uint8Array()]),
  };
}

function pushTo(host: string, layer: Uint8Array, auth?: { username: string; password: string }) {
  const { image, content } = imageToPush(layer);
  return push({
    reference: parseReference(`${host}/app:v1`),
    images: [image],
    content,
    mountFrom: () => [],
    ...(auth === undefined ? {} : { auth }),
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
}

interface Upload {
  held: number;
  requests: string[];
}

/** Takes uploads; the first piece of a blob is kept, and its answer lost. */
function takingRegistry(lose: boolean, location: (host: string) => string) {
  const upload: Upload = { held: 0, requests: [] };
  let lost = !lose;
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    maxRequestBodySize: 512 * 1024 * 1024,
    async fetch(request) {
      const { pathname, host } = new URL(request.url);
      if (pathname === '/v2/') return new Response('{}');
      if (request.method === 'HEAD') return new Response(null, { status: 404 });
      const size = (await request.arrayBuffer()).byteLength;
      upload.requests.push(`${request.method} ${size}`);
      const headers = { location: location(host), range: `0-${upload.held + size - 1}` };
      if (request.method === 'POST') upload.held = 0;
      if (request.method === 'PATCH') upload.held += size;
      if (request.method === 'PATCH' && !lost) {
        lost = true;
        return new Response('', { status: 502 });
      }
      if (request.method === 'GET') {
        return new Response(null, {
          status: 204,
          headers: { ...headers, range: `0-${upload.held - 1}` },
        });
      }
      return new Response('', { status: request.method === 'PUT' ? 201 : 202, headers });
    },
  });
  return { server, upload, host: `127.0.0.1:${server.port}` };
}

test('push sends a large blob in pieces and goes on after the last one that arrived', async () => {
  const { server, upload, host } = takingRegistry(true, () => '/v2/app/blobs/uploads/1');
  try {
    const piece = 64 * 1024 * 1024;
    await pushTo(host, new Uint8Array(piece + 5));
    const large = upload.requests.filter((line) => line !== 'PUT 2' && line !== 'POST 0');
    expect(large.filter((line) => line.startsWith('PATCH'))).toEqual([`PATCH ${piece}`]);
    expect(large).toContain('GET 0');
    expect(large).toContain('PUT 5');
  } finally {
    await server.stop(true);
  }
});

test('push sends content, but no password, to another host that an upload is to go to', async () => {
  const authorizations: (string | null)[] = [];
  const other = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      authorizations.push(request.headers.get('authorization'));
      return new Response('', { status: 201 });
    },
  });
  const { server, host } = takingRegistry(false, () => `http://127.0.0.1:${other.port}/up`);
  try {
    await pushTo(host, new Uint8Array(10), { username: 'ann', password: 'secret' });
    expect(authorizations).toEqual([null, null]);
  } finally {
    await server.stop(true);
    await other.stop(true);
  }
});
