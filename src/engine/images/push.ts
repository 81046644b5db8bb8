/** `push`: what the store holds goes out as it came; only layers that were made here are compressed first. */

import { TiffinError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { type PushedImage, push } from '../../registry/index.ts';
import type { Descriptor, Digest, Platform } from '../../spec/content.ts';
import { sha256Digest } from '../../spec/digest.ts';
import { decodeIndex, decodeManifest } from '../../spec/image.ts';
import { formatPlatform } from '../../spec/platform.ts';
import {
  familiarReference,
  formatReference,
  type ImageReference,
  parseReference,
} from '../../spec/reference.ts';
import { type ImageRecord, lacksPlatform, platformOf } from '../../store/index.ts';
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
  const images = references.map((reference) => requireImages(parts, reference, options.platform));
  await using _hold = await parts.store.hold();
  const { tag: _tag, ...repository } = given;
  options.onProgress({
    id: '',
    status: `The push refers to repository [${formatReference(repository)}]`,
  });
  const results: PushResult[] = [];
  for (const [at, reference] of references.entries()) {
    const [image, ...others] = images[at] ?? [];
    if (image !== undefined) {
      results.push(await pushOne(parts, reference, [image, ...others], options));
    }
  }
  return results;
}

async function pushOne(
  parts: Parts,
  reference: ImageReference,
  all: readonly [ImageRecord, ...ImageRecord[]],
  options: PushOptions,
): Promise<PushResult> {
  const { store } = parts;
  const { index, parts: images } = await outgoingIndex(
    parts,
    familiarReference(reference),
    all,
    options,
  );
  const pushed: PushedImage[] = [];
  for (const image of images) pushed.push(await outgoing(parts, image));
  const { digest, size } = await push({
    reference,
    images: pushed,
    ...(index === undefined ? {} : { index: overSent(index, images, pushed) }),
    content: (blob) => Bun.file(store.blobs.path(blob)),
    mountFrom: (blob) => sourcesOf(parts, reference, blob),
    ...(options.auth === undefined ? {} : { auth: options.auth }),
    onProgress: options.onProgress,
    signal: options.signal,
  });
  const tag = reference.tag ?? 'latest';
  const { registry, repository } = reference;
  for (const { id } of images)
    await store.images.nameDigest(id, { registry, repository, digest }, index?.digest);
  options.onProgress({ id: '', status: `${tag}: digest: ${digest} size: ${size}` });
  const name = familiarReference(reference);
  emitImage(parts, 'push', name, images[0]);
  return { Tag: tag, Digest: digest, Size: size };
}

type SentIndex = NonNullable<Parameters<typeof push>[0]['index']>;

/** The index through which the images came, when all that it names is here; otherwise the one image that runs here. */
async function outgoingIndex(
  { store }: Parts,
  name: string,
  all: readonly [ImageRecord, ...ImageRecord[]],
  { platform, onProgress }: PushOptions,
): Promise<{ index: SentIndex | undefined; parts: readonly ImageRecord[] }> {
  const [first] = all;
  const single = { index: undefined, parts: [first] };
  const digest = store.images.indexOf(name);
  if (digest === undefined || platform !== undefined) return single;
  const bytes = await store.blobs.readAll(digest, limits.manifestBytes);
  const { manifests, mediaType } = decodeIndex(bytes);
  const images = manifests.map((part) => all.find((each) => each.manifest.digest === part.digest));
  const found = images.flatMap((image) => image ?? []);
  if (found.length === images.length) {
    return { index: { mediaType, digest, bytes }, parts: found };
  }
  if (all.length > 1) {
    const words = formatPlatform(platformOf(first.config));
    const status = `Not all multiplatform-content is present, only ${words} is pushed`;
    onProgress({ id: '', status });
  }
  return single;
}

/** With the manifests as they are sent: those of layers that were compressed for it are others than the stored ones. */
function overSent(
  index: SentIndex,
  images: readonly ImageRecord[],
  pushed: readonly PushedImage[],
): SentIndex {
  const isSame = pushed.every(
    ({ manifest }, at) => manifest.digest === images[at]?.manifest.digest,
  );
  if (isSame) return index;
  const body = JSON.parse(new TextDecoder().decode(index.bytes));
  const manifests = decodeIndex(index.bytes).manifests.map((descriptor, at) => {
    const sent = pushed[at]?.manifest;
    return sent === undefined
      ? descriptor
      : { ...descriptor, digest: sent.digest, size: sent.bytes.length };
  });
  const bytes = Buffer.from(JSON.stringify({ ...body, manifests }));
  return { mediaType: index.mediaType, digest: sha256Digest(bytes), bytes };
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
  const all = new Set(parts.store.images.list().flatMap(({ tags }) => tags));
  const tags = [...all]
    .map(parseReference)
    .filter(({ tag: _tag, ...rest }) => formatReference(rest) === wanted);
  if (tags.length > 0) return tags;
  const message = `An image does not exist locally with the tag: ${familiarReference(repository)}`;
  throw new TiffinError('not-found', 'no-such-image', message);
}

function requireImages(
  { store }: Parts,
  reference: ImageReference,
  platform: Platform | undefined,
): ImageRecord[] {
  const name = familiarReference(reference);
  const all = store.images.allOf(name);
  if (all.length > 0 && platform === undefined) return all;
  const image = platform === undefined ? undefined : store.images.findFor(name, platform);
  if (image !== undefined) return [image];
  if (all.length > 0 && platform !== undefined) throw lacksPlatform(name, platform);
  const { tag: _tag, ...repository } = reference;
  const message = `An image does not exist locally with the tag: ${familiarReference(repository)}`;
  throw new TiffinError('not-found', 'no-such-image', message);
}
