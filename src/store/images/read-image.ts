/** A manifest and its configuration out of the blob store, checked against each other. */

import { TiffinError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { BlobStore, Descriptor, Digest } from '../../spec/content.ts';
import { decodeManifest, type ImageManifest, requireContainerImage } from '../../spec/image.ts';
import { decodeImageConfig, type ImageConfig } from '../../spec/image-config.ts';

export interface StoredImage {
  /** With the size that the blob really has. */
  descriptor: Descriptor;
  manifest: ImageManifest;
  config: ImageConfig;
  /** Bottom first. */
  layers: { diffId: Digest; blob: Descriptor }[];
}

/** Throws `invalid` unless everything that the manifest names is there and fits. */
export async function readImage(blobs: BlobStore, descriptor: Descriptor): Promise<StoredImage> {
  const bytes = await blobs.readAll(descriptor.digest, limits.manifestBytes);
  const manifest = decodeManifest(bytes, descriptor.mediaType);
  requireContainerImage(manifest);
  for (const { digest, size } of [manifest.config, ...manifest.layers]) {
    if (!blobs.has(digest)) throw unfit(`blob ${digest} is missing`);
    if (blobs.size(digest) !== size) throw unfit(`blob ${digest} has the wrong size`);
  }
  const config = decodeImageConfig(
    await blobs.readAll(manifest.config.digest, limits.imageConfigBytes),
  );
  const { diffIds } = config;
  if (diffIds.length !== manifest.layers.length) {
    throw unfit(
      `the manifest names ${manifest.layers.length} layers, the configuration ${diffIds.length}`,
    );
  }
  const layers = diffIds.flatMap((diffId, at) => {
    const blob = manifest.layers[at];
    return blob === undefined ? [] : [{ diffId, blob }];
  });
  const { digest } = descriptor;
  return {
    descriptor: { mediaType: manifest.mediaType, digest, size: bytes.length },
    manifest,
    config,
    layers,
  };
}

function unfit(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-image', `not a usable image: ${message}`);
}
