/** A registry on loopback whose every answer a test can change. */

import { sha256Digest } from '../../spec/digest.ts';
import { mediaTypes } from '../../spec/image.ts';

export interface Seen {
  path: string;
  authorization: string | null;
}

export interface FakeRegistry extends Disposable {
  readonly host: string;
  readonly seen: Seen[];
  /** Blob contents by digest; a test may put other bytes under a digest. */
  readonly blobs: Map<string, Uint8Array>;
  /** Manifests by tag and by digest, with their content type. */
  readonly manifests: Map<string, { type: string; body: string }>;
  /** Answers before the registry does, when it returns something. */
  intercept: (request: Request, url: URL) => Response | undefined;
}

export function fakeRegistry(): FakeRegistry {
  const blobs = new Map<string, Uint8Array>();
  const manifests = new Map<string, { type: string; body: string }>();
  const seen: Seen[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      const url = new URL(request.url);
      seen.push({ path: url.pathname, authorization: request.headers.get('authorization') });
      return registry.intercept(request, url) ?? answer(url.pathname, manifests, blobs);
    },
  });
  const registry: FakeRegistry = {
    host: `127.0.0.1:${server.port}`,
    seen,
    blobs,
    manifests,
    intercept: () => undefined,
    [Symbol.dispose]: () => void server.stop(true),
  };
  return registry;
}

function answer(
  path: string,
  manifests: FakeRegistry['manifests'],
  blobs: FakeRegistry['blobs'],
): Response {
  if (path === '/v2/') return new Response('{}');
  const [kind = '', name = ''] = path.split('/').slice(-2);
  const manifest = kind === 'manifests' ? manifests.get(name) : undefined;
  if (manifest !== undefined)
    return new Response(manifest.body, { headers: { 'content-type': manifest.type } });
  const blob = kind === 'blobs' ? blobs.get(name) : undefined;
  if (blob !== undefined) return new Response(blob);
  return Response.json(
    { errors: [{ code: 'UNKNOWN', message: 'unknown to registry' }] },
    { status: 404 },
  );
}

/** Puts an image of one layer under `tag` and returns the digests. */
export function addImage(registry: FakeRegistry, tag: string, text = 'layer') {
  const layer = new TextEncoder().encode(text);
  const config = new TextEncoder().encode(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: [] },
    }),
  );
  const layerDigest = sha256Digest(layer);
  const configDigest = sha256Digest(config);
  registry.blobs.set(layerDigest, layer);
  registry.blobs.set(configDigest, config);
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: configDigest, size: config.length },
    layers: [
      {
        mediaType: mediaTypes.ociLayerGzip,
        digest: layerDigest,
        size: layer.length,
        urls: ['http://127.0.0.1:9/stolen'],
      },
    ],
  });
  const manifestDigest = sha256Digest(body);
  for (const name of [tag, manifestDigest])
    registry.manifests.set(name, { type: mediaTypes.ociManifest, body });
  return { layerDigest, configDigest, manifestDigest, manifestSize: body.length };
}
