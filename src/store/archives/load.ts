/** Loads an image archive: everything is verified and unpacked before the first image gets its name. */

import { limits } from '../../base/limits.ts';
import type { Digest, OnProgress, Platform } from '../../spec/content.ts';
import { decodeManifest, requireContainerImage } from '../../spec/image.ts';
import { decodeImageConfig } from '../../spec/image-config.ts';
import { formatPlatform } from '../../spec/platform.ts';
import { familiarReference, withDefaultTag } from '../../spec/reference.ts';
import type { Store } from '../index.ts';
import { INDEX_FILE } from '../layout.ts';
import { dockerImages, type FoundImage } from './docker-archive.ts';
import { ociImages } from './oci-archive.ts';
import { broken, DOCKER_MANIFEST, type ReceivedArchive, receiveArchive } from './receive.ts';

export interface LoadedImage {
  id: Digest;
  /** As people write it; undefined for an image without a name. */
  name: string | undefined;
}

type LoadTarget = Pick<Store, 'blobs' | 'layers' | 'images' | 'hold' | 'collect'>;

/** docker-archive or OCI layout, as tar, optionally compressed. Throws `invalid`; then nothing of it stays. */
export async function loadArchive(
  store: LoadTarget,
  archive: AsyncIterable<Uint8Array>,
  platform: Platform,
  onProgress?: OnProgress,
): Promise<LoadedImage[]> {
  await using _hold = await store.hold();
  // Takes place when the hold ends: files of the archive that belong to no image, or all of a refused one.
  await store.collect();
  const received = await receiveArchive(archive, store.blobs);
  const found = await findImages(store, received, platform);
  for (const image of found) await unpackAll(store, image, onProgress);
  const loaded: LoadedImage[] = [];
  for (const { manifest, names } of found) {
    const { id } = await store.images.add({ manifest, names });
    for (const name of names) {
      loaded.push({ id, name: familiarReference(withDefaultTag(name)) });
    }
    if (names.length === 0) loaded.push({ id, name: undefined });
  }
  return loaded;
}

/** A hybrid archive is read as OCI layout, since only that has the original manifests. */
async function findImages(
  store: LoadTarget,
  received: ReceivedArchive,
  platform: Platform,
): Promise<FoundImage[]> {
  const index = received.document(INDEX_FILE);
  const manifest = received.document(DOCKER_MANIFEST);
  if (index === undefined && manifest === undefined) {
    throw broken('it has neither manifest.json nor index.json');
  }
  const oci = index === undefined ? [] : await ociImages(index, store.blobs, platform);
  if (oci.length > 0) return oci;
  const docker = manifest === undefined ? [] : await dockerImages(received, manifest, store.blobs);
  if (docker.length === 0) throw broken(`it has no image for ${formatPlatform(platform)}`);
  return docker;
}

/** Each layer is compared with the diffId in the configuration as it is unpacked. */
async function unpackAll(
  store: LoadTarget,
  image: FoundImage,
  onProgress: OnProgress | undefined,
): Promise<void> {
  const bytes = await store.blobs.readAll(image.manifest.digest, limits.manifestBytes);
  const manifest = decodeManifest(bytes, image.manifest.mediaType);
  requireContainerImage(manifest);
  for (const { digest, size } of [manifest.config, ...manifest.layers]) {
    if (!store.blobs.has(digest)) throw broken(`blob ${digest} is missing`);
    if (store.blobs.size(digest) !== size) throw broken(`blob ${digest} has the wrong size`);
  }
  const config = decodeImageConfig(
    await store.blobs.readAll(manifest.config.digest, limits.imageConfigBytes),
  );
  if (config.diffIds.length !== manifest.layers.length) {
    throw broken('manifest and configuration name different numbers of layers');
  }
  for (const [at, layer] of manifest.layers.entries()) {
    const diffId = config.diffIds[at];
    if (diffId !== undefined) await store.layers.ensure(diffId, layer, onProgress);
  }
}
