/** From a reference to one image manifest: by tag or digest, through indexes, for a platform. */

import { TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { BlobStore, Descriptor, Platform } from '../spec/content.ts';
import { parseDigest, sha256Digest } from '../spec/digest.ts';
import {
  decodeImageDocument,
  type ImageManifest,
  manifestMediaTypes,
  requireContainerImage,
} from '../spec/image.ts';
import { formatPlatform, selectPlatform } from '../spec/platform.ts';
import { familiarReference, type ImageReference } from '../spec/reference.ts';
import { errorText, type RepositoryClient } from './client.ts';
import { boundedBody } from './http.ts';

export interface ResolvedImage {
  /** What the reference itself names: an index or a manifest. */
  root: Descriptor;
  manifest: Descriptor;
  image: ImageManifest;
}

export interface ResolveOptions {
  client: RepositoryClient;
  reference: ImageReference;
  platform: Platform;
  /** Every manifest and index on the way is stored. */
  blobs: BlobStore;
  signal: AbortSignal;
}

export async function resolveImage(options: ResolveOptions): Promise<ResolvedImage> {
  const { reference } = options;
  const root = await fetchDocument(
    options,
    reference.digest ?? reference.tag ?? 'latest',
    reference.digest,
  );
  let at = root;
  for (let depth = 0; at.document.kind === 'index'; depth += 1) {
    if (depth === limits.indexDepth) throw tooDeep(reference);
    const next =
      selectPlatform(at.document.manifests, options.platform) ?? onlyUnnamed(at.document.manifests);
    if (next === undefined) throw noPlatform(reference, options.platform, at.document.manifests);
    at = await fetchDocument(options, next.digest, next.digest, next);
  }
  requireContainerImage(at.document);
  if (at.document.layers.length > limits.imageLayers) {
    throw new TiffinError(
      'invalid',
      'too-many-layers',
      `image has more than ${limits.imageLayers} layers`,
    );
  }
  return { root: root.descriptor, manifest: at.descriptor, image: at.document };
}

/** An index of one manifest that names no platform means that manifest. */
function onlyUnnamed(manifests: readonly Descriptor[]): Descriptor | undefined {
  const [first] = manifests;
  return manifests.length === 1 && first?.platform === undefined ? first : undefined;
}

async function fetchDocument(
  options: ResolveOptions,
  name: string,
  expected: string | undefined,
  descriptor?: Descriptor,
) {
  const accept = { accept: manifestMediaTypes.join(', ') };
  const response = await options.client.get(`manifests/${name}`, accept, options.signal);
  if (response.status !== 200) throw await manifestFailure(options.reference, response);
  const bytes = await boundedBody(response, limits.manifestBytes);
  const digest = expected === undefined ? sha256Digest(bytes) : parseDigest(expected);
  const mediaType = descriptor?.mediaType ?? contentType(response);
  const document = decodeImageDocument(bytes, mediaType);
  // The store verifies the bytes against the digest: what was asked for by digest cannot be swapped.
  await options.blobs.write({ digest, size: descriptor?.size ?? bytes.length }, once(bytes));
  return { document, descriptor: { mediaType: document.mediaType, digest, size: bytes.length } };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function contentType(response: Response): string | undefined {
  const value = response.headers.get('content-type')?.split(';')[0]?.trim();
  // A registry that serves files without knowing them says one of these; the body has its own word then.
  const unknowing = ['application/octet-stream', 'application/json', 'text/plain', ''];
  return value === undefined || unknowing.includes(value) ? undefined : value;
}

export async function manifestFailure(
  reference: ImageReference,
  response: Response,
): Promise<TiffinError> {
  const name = familiarReference(reference);
  const said = await errorText(response);
  if (response.status === 404) {
    return new TiffinError(
      'not-found',
      'manifest-unknown',
      `manifest for ${name} not found: manifest unknown: ${said || 'manifest unknown'}`,
      {
        hint: 'check the spelling of the name and the tag',
      },
    );
  }
  if (response.status === 401 || response.status === 403) {
    return new TiffinError(
      'not-found',
      'pull-denied',
      `pull access denied for ${name}, repository does not exist or may require login: ${said || 'denied'}`,
    );
  }
  const message = `registry answered ${response.status} for ${name}${said === '' ? '' : `: ${said}`}`;
  return new TiffinError('unavailable', 'registry-failed', message);
}

function noPlatform(
  reference: ImageReference,
  platform: Platform,
  offered: readonly Descriptor[],
): TiffinError {
  const names = offered.flatMap((each) =>
    each.platform === undefined ? [] : [formatPlatform(each.platform)],
  );
  return new TiffinError(
    'not-found',
    'no-matching-platform',
    `no matching manifest for ${formatPlatform(platform)} in the manifest list entries of ${familiarReference(reference)}`,
    {
      hint: `it is there for: ${[...new Set(names)].slice(0, 20).join(', ') || 'no named platform'}`,
    },
  );
}

function tooDeep(reference: ImageReference): TiffinError {
  const message = `${familiarReference(reference)}: indexes are nested more than ${limits.indexDepth} deep`;
  return new TiffinError('invalid', 'index-too-deep', message);
}
