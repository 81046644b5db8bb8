/** Writes images as one tar that is a Docker archive and an OCI layout at once, as Docker does since version 25. */

import { limits } from '../../base/limits.ts';
import type { Descriptor, Digest, Platform } from '../../spec/content.ts';
import { digestAlgorithm, digestHex } from '../../spec/digest.ts';
import { decodeIndex } from '../../spec/image.ts';
import {
  familiarName,
  familiarReference,
  formatReference,
  parseReference,
} from '../../spec/reference.ts';
import { type ImageRecord, lacksPlatform, noSuchImage } from '../images/images.ts';
import type { Store } from '../index.ts';
import { INDEX_FILE, LAYOUT_FILE, layoutIndex, layoutMarker } from '../layout.ts';
import type { TarEntry } from '../tar/entry.ts';
import { plainFile, tarEnd, tarHeader, tarPadding } from '../tar/writer.ts';
import { DOCKER_MANIFEST } from './receive.ts';

type SaveSource = Pick<Store, 'blobs' | 'images' | 'hold'>;

interface SavedImage {
  /** One, or those of several platforms; the first is what readers that know of no platforms get. */
  images: readonly [ImageRecord, ...ImageRecord[]];
  /** Over the images, when there are several. */
  index: Descriptor | undefined;
  /** Familiar names with tag. */
  tags: Set<string>;
}

/**
 * `names` as `docker save` takes them: a repository alone means all its tags; an id means the image without names. Without a platform a
 * name means all its platforms that are here.
 */
export async function* saveArchive(
  store: SaveSource,
  names: readonly string[],
  platform?: Platform,
): AsyncGenerator<Uint8Array> {
  await using _hold = await store.hold();
  const saved = selectImages(store, names, platform);
  yield tarHeader(directory('blobs'));
  const written = new Set<string>();
  for (const digest of saved.flatMap(blobsOf)) {
    const algorithm = digestAlgorithm(digest);
    if (!written.has(algorithm)) yield tarHeader(directory(`blobs/${algorithm}`));
    written.add(algorithm);
    if (written.has(digest)) continue;
    written.add(digest);
    const size = store.blobs.size(digest);
    yield tarHeader(plainFile(blobPath(digest), size));
    yield* store.blobs.read(digest);
    yield tarPadding(size);
  }
  yield* document(INDEX_FILE, layoutIndex(saved.flatMap(indexEntries)));
  yield* document(DOCKER_MANIFEST, dockerManifest(saved));
  yield* document(LAYOUT_FILE, layoutMarker());
  yield tarEnd();
}

/** Throws `not-found` for the first unknown name, before anything is written. */
function selectImages(
  store: SaveSource,
  names: readonly string[],
  platform: Platform | undefined,
): SavedImage[] {
  const selected = new Map<string, SavedImage>();
  for (const name of names.flatMap((each) => tagsOfRepository(store, each) ?? [each])) {
    const [first, ...others] = imagesOf(store, name, platform);
    const isTag = first.tags.some((tag) => tag === written(name));
    const key = [first, ...others].map(({ id }) => id).join();
    const saved = selected.get(key) ?? {
      images: [first, ...others] as const,
      index: others.length === 0 ? undefined : indexOf(store, name),
      tags: new Set<string>(),
    };
    if (isTag) saved.tags.add(written(name) ?? name);
    selected.set(key, saved);
  }
  return [...selected.values()];
}

function imagesOf(
  store: SaveSource,
  name: string,
  platform: Platform | undefined,
): [ImageRecord, ...ImageRecord[]] {
  const all = platform === undefined ? store.images.allOf(name) : [];
  const one = platform === undefined ? undefined : store.images.findFor(name, platform);
  const [first = one, ...others] = all;
  if (first !== undefined) return [first, ...others];
  if (platform === undefined || store.images.find(name) === undefined) throw noSuchImage(name);
  throw lacksPlatform(name, platform);
}

function indexOf({ blobs, images }: SaveSource, name: string): Descriptor | undefined {
  const index = images.indexOf(name);
  if (index === undefined) return undefined;
  const bytes = blobs.readAllSync(index, limits.manifestBytes);
  return { mediaType: decodeIndex(bytes).mediaType, digest: index, size: bytes.length };
}

/** Every tag, when `name` is a repository without one. */
function tagsOfRepository(store: SaveSource, name: string): string[] | undefined {
  const repository = written(name);
  if (repository === undefined || parseReference(name).tag !== undefined) return undefined;
  const isOurs = (tag: string) => familiarName(parseReference(tag)) === repository;
  const tags = new Set(store.images.list().flatMap((image) => image.tags.filter(isOurs)));
  return tags.size === 0 ? undefined : [...tags];
}

/** The familiar form; undefined when `name` is not a reference. */
function written(name: string): string | undefined {
  try {
    return familiarReference(parseReference(name));
  } catch {
    return undefined;
  }
}

function blobsOf({ images, index }: SavedImage): Digest[] {
  const blobs = images.flatMap((image) => [
    ...image.layers.map(({ blob }) => blob.digest),
    image.id,
    image.manifest.digest,
  ]);
  return index === undefined ? blobs : [...blobs, index.digest];
}

function indexEntries(saved: SavedImage): Parameters<typeof layoutIndex>[0][number][] {
  const { images, index, tags } = saved;
  const manifest = index ?? images[0].manifest;
  if (tags.size === 0) return [{ manifest, name: undefined }];
  return [...tags].map((tag) => ({ manifest, name: formatReference(parseReference(tag)) }));
}

function dockerManifest(saved: readonly SavedImage[]): Uint8Array {
  const list = saved.map(({ images: [image], tags }) => ({
    Config: blobPath(image.id),
    RepoTags: tags.size === 0 ? null : [...tags],
    Layers: image.layers.map(({ blob }) => blobPath(blob.digest)),
  }));
  return Buffer.from(JSON.stringify(list));
}

function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

function directory(path: string): TarEntry {
  return { ...plainFile(path, 0), kind: 'directory', mode: 0o755 };
}

function* document(path: string, bytes: Uint8Array): Generator<Uint8Array> {
  yield tarHeader(plainFile(path, bytes.length));
  yield bytes;
  yield tarPadding(bytes.length);
}
