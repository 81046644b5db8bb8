/** Writes images as one tar that is a Docker archive and an OCI layout at once, as Docker does since version 25. */

import type { Digest } from '../../spec/content.ts';
import { digestAlgorithm, digestHex } from '../../spec/digest.ts';
import {
  familiarName,
  familiarReference,
  formatReference,
  parseReference,
} from '../../spec/reference.ts';
import type { ImageRecord } from '../images/images.ts';
import type { Store } from '../index.ts';
import { INDEX_FILE, LAYOUT_FILE, layoutIndex, layoutMarker } from '../layout.ts';
import type { TarEntry } from '../tar/entry.ts';
import { plainFile, tarEnd, tarHeader, tarPadding } from '../tar/writer.ts';
import { DOCKER_MANIFEST } from './receive.ts';

type SaveSource = Pick<Store, 'blobs' | 'images' | 'hold'>;

interface SavedImage {
  image: ImageRecord;
  /** Familiar names with tag. */
  tags: Set<string>;
}

/** `names` as `docker save` takes them: a repository alone means all its tags; an id means the image without names. */
export async function* saveArchive(
  store: SaveSource,
  names: readonly string[],
): AsyncGenerator<Uint8Array> {
  await using _hold = await store.hold();
  const saved = selectImages(store, names);
  yield tarHeader(directory('blobs'));
  const written = new Set<string>();
  for (const digest of saved.flatMap(({ image }) => blobsOf(image))) {
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
function selectImages(store: SaveSource, names: readonly string[]): SavedImage[] {
  const byId = new Map<Digest, SavedImage>();
  const select = (image: ImageRecord, tags: readonly string[]): void => {
    const saved = byId.get(image.id) ?? { image, tags: new Set<string>() };
    for (const tag of tags) saved.tags.add(tag);
    byId.set(image.id, saved);
  };
  for (const name of names) {
    const repository = wholeRepository(store, name);
    if (repository.length === 0) {
      const image = store.images.resolve(name);
      select(
        image,
        image.tags.filter((tag) => tag === written(name)),
      );
    }
    for (const { image, tags } of repository) select(image, tags);
  }
  return [...byId.values()];
}

/** The images with tags of the repository, when `name` is a repository without tag. */
function wholeRepository(
  store: SaveSource,
  name: string,
): { image: ImageRecord; tags: string[] }[] {
  const repository = written(name);
  if (repository === undefined || parseReference(name).tag !== undefined) return [];
  const isOurs = (tag: string) => familiarName(parseReference(tag)) === repository;
  return store.images
    .list()
    .map((image) => ({ image, tags: image.tags.filter(isOurs) }))
    .filter(({ tags }) => tags.length > 0);
}

/** The familiar form; undefined when `name` is not a reference. */
function written(name: string): string | undefined {
  try {
    return familiarReference(parseReference(name));
  } catch {
    return undefined;
  }
}

function blobsOf(image: ImageRecord): Digest[] {
  const layers = image.layers.map(({ blob }) => blob.digest);
  return [...layers, image.id, image.manifest.digest];
}

function indexEntries({ image, tags }: SavedImage): Parameters<typeof layoutIndex>[0][number][] {
  const { manifest } = image;
  if (tags.size === 0) return [{ manifest, name: undefined }];
  return [...tags].map((tag) => ({ manifest, name: formatReference(parseReference(tag)) }));
}

function dockerManifest(saved: readonly SavedImage[]): Uint8Array {
  const list = saved.map(({ image, tags }) => ({
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
