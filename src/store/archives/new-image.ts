/** Images that Tiffin makes itself: a layer from a tar stream, and an image on top of layers that are stored already. */

import type { Digest } from '../../spec/content.ts';
import { mediaTypes } from '../../spec/image.ts';
import { encodeImageConfig, type NewImageConfig } from '../../spec/image-config-writer.ts';
import type { ImageReference } from '../../spec/reference.ts';
import type { FileBlobStore } from '../blobs.ts';
import type { ImageLayer, ImageRecord } from '../images/images.ts';
import type { Store } from '../index.ts';
import type { ReceivedLayer } from '../layers/layers.ts';

/** Digest of a tar archive without members: two empty blocks. */
const EMPTY_TAR = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

type LayerTarget = Pick<Store, 'blobs' | 'layers'>;

export interface NewImage {
  /** Bottom first; every blob is in the store. */
  layers: readonly ImageLayer[];
  config: Omit<NewImageConfig, 'diffIds'>;
  /** `docker` for an image that goes on from one in Docker's format. */
  format: 'oci' | 'docker';
  /** Names that it gets; none: only its id. */
  names: readonly ImageReference[];
}

/**
 * Stores an uncompressed archive as a layer, unpacked while it is written. Undefined: the archive has no members, so there is
 * no layer. The caller holds the store.
 */
export async function addLayer(
  store: LayerTarget,
  archive: AsyncIterable<Uint8Array>,
): Promise<ImageLayer | undefined> {
  const { blob, received } = await storeAndUnpack(store, archive);
  if (blob.digest === EMPTY_TAR) {
    await received?.discard();
    return undefined;
  }
  return named(store, { mediaType: mediaTypes.ociLayer, ...blob }, received);
}

/** The same for an archive that came from elsewhere, maybe compressed, of that media type, and maybe without members. */
export async function receiveLayer(
  store: LayerTarget,
  archive: AsyncIterable<Uint8Array>,
  mediaType: string,
): Promise<ImageLayer> {
  const { blob, received } = await storeAndUnpack(store, archive);
  return named(store, { mediaType, ...blob }, received);
}

/** As a blob, and unpacked as far as that went well. */
async function storeAndUnpack(
  store: LayerTarget,
  archive: AsyncIterable<Uint8Array>,
): Promise<{ blob: { digest: Digest; size: number }; received: ReceivedLayer | undefined }> {
  const writer = await store.blobs.begin();
  // Settled in any case before this function ends: a failure to unpack must not count as unhandled meanwhile.
  const unpacking = Promise.allSettled([store.layers.receive(await writer.follow())]);
  let blob: { digest: Digest; size: number };
  try {
    for await (const chunk of archive) await writer.write(chunk);
    blob = await writer.commit();
  } catch (error) {
    await writer.abandon();
    const [outcome] = await unpacking;
    if (outcome.status === 'fulfilled') await outcome.value.discard();
    throw error;
  }
  const [outcome] = await unpacking;
  return { blob, received: outcome.status === 'fulfilled' ? outcome.value : undefined };
}

/** A layer too large for one form takes another; anything else that did not unpack fails again, in its own words. */
async function named(
  store: LayerTarget,
  blob: ImageLayer['blob'],
  received: ReceivedLayer | undefined,
): Promise<ImageLayer> {
  const unpacked = received ?? { publish: () => store.layers.create(blob) };
  return { diffId: await unpacked.publish(), blob };
}

/** Writes configuration and manifest and records the image. The caller holds the store. */
export async function addImage(
  store: Pick<Store, 'blobs' | 'admit'>,
  image: NewImage,
): Promise<ImageRecord> {
  const diffIds = image.layers.map((layer) => layer.diffId);
  const config = encodeImageConfig({ ...image.config, diffIds });
  const blobs = image.layers.map((layer) => layer.blob);
  const manifest = await addManifest(store.blobs, config, blobs, image.format);
  return store.admit({ manifest, names: [...image.names] });
}

const TYPES = {
  oci: { manifest: mediaTypes.ociManifest, config: mediaTypes.ociConfig },
  docker: { manifest: mediaTypes.dockerManifest, config: mediaTypes.dockerConfig },
} as const;

const DOCKER_LAYERS: ReadonlyMap<string, string> = new Map([
  [mediaTypes.ociLayer, mediaTypes.dockerLayer],
  [mediaTypes.ociLayerGzip, mediaTypes.dockerLayerGzip],
]);

async function addManifest(
  blobs: FileBlobStore,
  image: Uint8Array,
  layers: readonly ImageLayer['blob'][],
  format: NewImage['format'],
): Promise<ImageLayer['blob']> {
  const types = TYPES[format];
  const config = { mediaType: types.config, ...(await blobs.addBytes(image)) };
  const body = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config,
    layers: layers.map(({ mediaType, digest, size }) => ({
      mediaType: format === 'docker' ? (DOCKER_LAYERS.get(mediaType) ?? mediaType) : mediaType,
      digest,
      size,
    })),
  };
  const added = await blobs.addBytes(Buffer.from(JSON.stringify(body)));
  return { mediaType: types.manifest, ...added };
}
