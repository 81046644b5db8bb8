/** `push`: what the store holds goes out as it came; only layers that were made here are compressed first. */

import { TiffinError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { type PushedImage, push } from '../../registry/index.ts';
import type { Descriptor, Digest } from '../../spec/content.ts';
import { sha256Digest } from '../../spec/digest.ts';
import { decodeManifest } from '../../spec/image.ts';
import {
  familiarReference,
  formatReference,
  type ImageReference,
  parseReference,
} from '../../spec/reference.ts';
import type { ImageRecord } from '../../store/index.ts';
import type { PushOptions, PushResult } from '../contract.ts';
import type { Parts } from '../parts.ts';
import { emitImage } from './image-events.ts';

/** Repositories asked for one blob, at most: each costs a request. */
const MAX_SOURCES = 2;

/** Every tag of the repository when none is given. */
export async function pushImage(
  parts: Parts,
  name: string,
  options: PushOptions,
): Promise<PushResult[]> {
  const given = parseReference(options.tag === '' ? name : `${name}:${options.tag}`);
  if (given.digest !== undefined) {
    throw new TiffinError('invalid', 'bad-reference', 'cannot push a digest reference');
  }
  const references = given.tag === undefined ? tagsOf(parts, given) : [given];
  const images = references.map((reference) => requireImage(parts, reference));
  await using _hold = await parts.store.hold();
  const { tag: _tag, ...repository } = given;
  options.onProgress({
    id: '',
    status: `The push refers to repository [${formatReference(repository)}]`,
  });
  const results: PushResult[] = [];
  for (const [at, reference] of references.entries()) {
    const image = images[at];
    if (image !== undefined) results.push(await pushOne(parts, reference, image, options));
  }
  return results;
}

async function pushOne(
  parts: Parts,
  reference: ImageReference,
  image: ImageRecord,
  options: PushOptions,
): Promise<PushResult> {
  const { store } = parts;
  const pushed = await outgoing(parts, image);
  const { digest, size } = await push({
    reference,
    images: [pushed],
    content: (blob) => Bun.file(store.blobs.path(blob)),
    mountFrom: (blob) => sourcesOf(parts, reference, blob),
    ...(options.auth === undefined ? {} : { auth: options.auth }),
    onProgress: options.onProgress,
    signal: options.signal,
  });
  const tag = reference.tag ?? 'latest';
  const { registry, repository } = reference;
  await store.images.nameDigest(image.id, { registry, repository, digest });
  options.onProgress({ id: '', status: `${tag}: digest: ${digest} size: ${size}` });
  const name = familiarReference(reference);
  emitImage(parts, 'push', name, image);
  return { Tag: tag, Digest: digest, Size: size };
}

/** The stored manifest byte by byte, unless a layer had to be compressed. */
async function outgoing(parts: Parts, image: ImageRecord): Promise<PushedImage> {
  const { blobs, compressed } = parts.store;
  const bytes = await blobs.readAll(image.manifest.digest, limits.manifestBytes);
  const manifest = decodeManifest(bytes, image.manifest.mediaType);
  const layers: Descriptor[] = [];
  for (const layer of manifest.layers) layers.push(await compressed.ensure(layer));
  const isSame = layers.every(({ digest }, at) => digest === manifest.layers[at]?.digest);
  const sent = isSame ? bytes : withLayers(bytes, layers);
  return {
    manifest: {
      mediaType: manifest.mediaType,
      digest: isSame ? image.manifest.digest : sha256Digest(sent),
      bytes: sent,
    },
    config: manifest.config,
    layers,
  };
}

/** Everything else, such as annotations, stays. */
function withLayers(bytes: Uint8Array, layers: readonly Descriptor[]): Uint8Array {
  const body: object = JSON.parse(new TextDecoder().decode(bytes));
  return Buffer.from(JSON.stringify({ ...body, layers }));
}

/** Other repositories of the same registry that an image with this blob came from or went to. */
function sourcesOf(parts: Parts, target: ImageReference, blob: Digest): string[] {
  const sources = new Set<string>();
  for (const image of parts.store.images.list()) {
    const holds = image.layers.some(
      (layer) =>
        layer.blob.digest === blob || parts.store.compressed.of(layer.blob.digest) === blob,
    );
    if (!holds) continue;
    for (const name of image.digests) {
      const { registry, repository } = parseReference(name);
      if (registry === target.registry && repository !== target.repository) sources.add(repository);
    }
  }
  return [...sources].slice(0, MAX_SOURCES);
}

function tagsOf(parts: Parts, repository: ImageReference): ImageReference[] {
  const wanted = formatReference(repository);
  const tags = parts.store.images
    .list()
    .flatMap((image) => image.tags.map(parseReference))
    .filter(({ tag: _tag, ...rest }) => formatReference(rest) === wanted);
  if (tags.length > 0) return tags;
  const message = `An image does not exist locally with the tag: ${familiarReference(repository)}`;
  throw new TiffinError('not-found', 'no-such-image', message);
}

function requireImage(parts: Parts, reference: ImageReference): ImageRecord {
  const image = parts.store.images.find(familiarReference(reference));
  if (image !== undefined) return image;
  const { tag: _tag, ...repository } = reference;
  const message = `An image does not exist locally with the tag: ${familiarReference(repository)}`;
  throw new TiffinError('not-found', 'no-such-image', message);
}
