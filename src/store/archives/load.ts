/** Loads an image archive: everything is verified and unpacked before the first image gets its name. */

import type { TiffinError } from '../../base/errors.ts';
import type { Digest, OnProgress, Platform } from '../../spec/content.ts';
import { formatPlatform, platformMatches } from '../../spec/platform.ts';
import { familiarReference, withDefaultTag } from '../../spec/reference.ts';
import { type ImageOrigin, platformOf } from '../images/images.ts';
import { readImage, type StoredImage } from '../images/read-image.ts';
import type { Store } from '../index.ts';
import { INDEX_FILE } from '../layout.ts';
import { dockerImages } from './docker-archive.ts';
import { legacyImages } from './legacy-archive.ts';
import { ociImages } from './oci-archive.ts';
import {
  broken,
  DOCKER_MANIFEST,
  REPOSITORIES,
  type ReceivedArchive,
  receiveArchive,
} from './receive.ts';

export interface LoadedImage {
  id: Digest;
  /** As people write it; undefined for an image without a name. */
  name: string | undefined;
}

type LoadTarget = Pick<Store, 'blobs' | 'layers' | 'admit' | 'hold' | 'collect'>;

/**
 * docker-archive of any age or OCI layout, as tar, optionally compressed. Throws `invalid`; then nothing of it stays. All platforms of an
 * index are taken, or the one that is asked for; an image of another one is refused then.
 */
export async function loadArchive(
  store: LoadTarget,
  archive: AsyncIterable<Uint8Array>,
  platform?: Platform,
  onProgress?: OnProgress,
): Promise<LoadedImage[]> {
  await using _hold = await store.hold();
  // Takes place when the hold ends: files of the archive that belong to no image, or all of a refused one.
  await store.collect();
  const received = await receiveArchive(archive, store.blobs);
  const found = await findImages(store, received, platform);
  const images: StoredImage[] = [];
  for (const { manifest } of found) images.push(await readImage(store.blobs, manifest));
  const fits = ({ config }: StoredImage) =>
    platform === undefined || platformMatches(platform, platformOf(config));
  if (!images.every(fits)) throw noImage(platform);
  // Each layer is compared with the diffId in the configuration as it is unpacked.
  for (const { diffId, blob } of images.flatMap((image) => image.layers)) {
    await store.layers.ensure(diffId, blob, onProgress);
  }
  const loaded: LoadedImage[] = [];
  for (const origin of found) {
    const { id } = await store.admit(origin);
    for (const name of origin.names.map((each) => familiarReference(withDefaultTag(each)))) {
      // Several platforms of one name.
      if (!loaded.some((each) => each.name === name)) loaded.push({ id, name });
    }
    if (origin.names.length === 0) loaded.push({ id, name: undefined });
  }
  return loaded;
}

/** A hybrid archive is read as OCI layout, since only that has the original manifests. */
async function findImages(
  store: LoadTarget,
  received: ReceivedArchive,
  platform: Platform | undefined,
): Promise<ImageOrigin[]> {
  const index = received.document(INDEX_FILE);
  const manifest = received.document(DOCKER_MANIFEST);
  if (index === undefined && manifest === undefined) {
    const old = await legacyImages(received, received.document(REPOSITORIES), store.blobs);
    if (old.length > 0) return old;
    throw broken('it has neither manifest.json nor index.json');
  }
  const oci = index === undefined ? [] : await ociImages(index, store.blobs, platform);
  if (oci.length > 0) return oci;
  const docker = manifest === undefined ? [] : await dockerImages(received, manifest, store.blobs);
  if (docker.length === 0) throw noImage(platform);
  return docker;
}

function noImage(platform: Platform | undefined): TiffinError {
  const what = platform === undefined ? '' : ` for ${formatPlatform(platform)}`;
  return broken(`it has no image${what}`);
}
