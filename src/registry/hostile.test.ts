/** Registries that lie or never end, beyond what `transfer.test.ts` has: each is refused with words, soon, and with bounded memory. */

import { expect, test } from 'bun:test';
import { TiffinError } from '../base/errors.ts';
import { sha256Digest } from '../spec/digest.ts';
import { mediaTypes } from '../spec/image.ts';
import { parseReference } from '../spec/reference.ts';
import { pull } from './pull.ts';
import { addImage, type FakeRegistry, fakeRegistry } from './testing/fake-registry.ts';
import { memoryBlobs } from './testing/memory-blobs.ts';

function pullFrom(registry: FakeRegistry, name = 'app:v1') {
  return pull({
    reference: parseReference(`${registry.host}/${name}`),
    platform: { os: 'linux', architecture: 'amd64' },
    auth: { username: 'ann', password: 'secret' },
    blobs: memoryBlobs(),
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
}

function endless(byte: number): Response {
  const piece = new Uint8Array(64 * 1024).fill(byte);
  return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(piece) }));
}

/** Asks for a token of this server, which answers as `token` says. */
function withToken(registry: FakeRegistry, token: () => Response): void {
  registry.intercept = (request, url) => {
    if (url.pathname === '/token') return token();
    if (request.headers.get('authorization') !== null) return undefined;
    const realm = `http://${registry.host}/token`;
    return new Response('', {
      status: 401,
      headers: { 'www-authenticate': `Bearer realm="${realm}"` },
    });
  };
}

test('pull ends redirects that lead round in a circle, and follows none to another scheme', async () => {
  using registry = fakeRegistry();
  addImage(registry, 'v1');
  const redirect = (location: string) => {
    registry.intercept = (_, url) =>
      url.pathname === '/v2/'
        ? undefined
        : new Response(null, { status: 307, headers: { location } });
    return pullFrom(registry);
  };
  await expect(redirect('/v2/round')).rejects.toMatchObject({ code: 'too-many-redirects' });
  for (const location of [
    'file:///etc/passwd',
    'unix:///run/tiffin/tiffin.sock',
    'data:,x',
    '//',
  ]) {
    await expect(redirect(location)).rejects.toMatchObject({ code: 'bad-redirect' });
  }
});

test('pull takes no token that is endless, empty, no text, or would be two headers', async () => {
  using registry = fakeRegistry();
  addImage(registry, 'v1');
  const answers = [
    () => endless(32),
    () => Response.json({ token: 'a\r\nX-Evil: 1' }),
    () => Response.json({ token: '' }),
    () => Response.json({ token: { toString: 'x' } }),
    () => Response.json(null),
    () => new Response('{"token":'),
  ];
  for (const answer of answers) {
    withToken(registry, answer);
    const error: unknown = await pullFrom(registry).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TiffinError);
    expect(String(error)).toMatch(/holds no token|larger than/);
  }
});

test('pull shows the words of a registry without what a terminal would obey', async () => {
  using registry = fakeRegistry();
  addImage(registry, 'v1');
  registry.intercept = (_, url) => {
    if (!url.pathname.includes('/manifests/')) return undefined;
    const message = `\u001b]0;owned\u0007\u009b2J\n${'x'.repeat(20_000)}`;
    return Response.json({ errors: [{ code: 'DENIED', message }] }, { status: 500 });
  };
  const error: unknown = await pullFrom(registry).catch((thrown: unknown) => thrown);
  const text = error instanceof Error ? error.message : '';
  expect(text).toContain('owned');
  for (const byte of Buffer.from(text)) expect(byte).toBeGreaterThanOrEqual(0x20);
  expect(text).not.toContain('\u009b');
  expect(text.length).toBeLessThan(2000);
});

test('pull refuses a manifest that an index announces as something else', async () => {
  using registry = fakeRegistry();
  addImage(registry, 'v1');
  const bytes = new TextEncoder().encode(registry.manifests.get('v1')?.body ?? '');
  const digest = sha256Digest(bytes);
  registry.manifests.set(digest, {
    type: mediaTypes.ociManifest,
    body: new TextDecoder().decode(bytes),
  });
  const index = (change: object) => {
    const entry = {
      mediaType: mediaTypes.ociManifest,
      digest,
      size: bytes.length,
      platform: { os: 'linux', architecture: 'amd64' },
      ...change,
    };
    const body = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry] };
    registry.manifests.set('many', { type: mediaTypes.ociIndex, body: JSON.stringify(body) });
    return pullFrom(registry, 'app:many');
  };
  await index({});
  await expect(index({ mediaType: mediaTypes.ociIndex })).rejects.toThrow();
  await expect(index({ digest: 'sha256:../../v1' })).rejects.toMatchObject({ class: 'invalid' });
});

test('pull ends an index in an index in an index', async () => {
  using registry = fakeRegistry();
  addImage(registry, 'v1');
  let inner = { digest: sha256Digest(new Uint8Array()), size: 0 };
  for (let depth = 0; depth < 8; depth += 1) {
    const manifests = [{ mediaType: mediaTypes.ociIndex, ...inner }];
    const body = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
    const bytes = new TextEncoder().encode(body);
    inner = { digest: sha256Digest(bytes), size: bytes.length };
    for (const name of [inner.digest, 'deep']) {
      registry.manifests.set(name, { type: mediaTypes.ociIndex, body });
    }
  }
  await expect(pullFrom(registry, 'app:deep')).rejects.toMatchObject({ class: 'invalid' });
});
