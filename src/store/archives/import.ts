/** Makes an image of one layer from a root file system tar. */

import type { Digest, Platform } from '../../spec/content.ts';
import { mediaTypes } from '../../spec/image.ts';
import { emptyDefaults } from '../../spec/image-config-writer.ts';
import type { ImageReference } from '../../spec/reference.ts';
import { type Compression, compressionOf, peek } from '../compression.ts';
import type { Store } from '../index.ts';
import { applyChanges } from './changes.ts';
import { addImage } from './new-image.ts';

export interface ImportOptions {
  /** Undefined: the image has only its id. */
  reference: ImageReference | undefined;
  message: string;
  /** Dockerfile instructions. */
  changes: readonly string[];
  platform: Platform;
}

const LAYER_TYPES: Readonly<Record<Compression, string>> = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
};

const DEFAULT_MESSAGE = 'Imported from -';

type ImportTarget = Pick<Store, 'blobs' | 'layers' | 'admit' | 'hold' | 'collect'>;

/** The id of the image. Throws `invalid` for a bad change or archive; then nothing of it stays. */
export async function importArchive(
  store: ImportTarget,
  archive: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<Digest> {
  // Before anything is read, so that a typing error does not cost the upload.
  const config = applyChanges(emptyDefaults(), options.changes);
  await using _hold = await store.hold();
  await store.collect();
  const { head, rest } = await peek(archive, 16);
  const mediaType = LAYER_TYPES[compressionOf(head)];
  const layer = { mediaType, ...(await store.blobs.add(rest)) };
  const diffId = await store.layers.create(layer);
  const created = new Date().toISOString();
  const comment = options.message || DEFAULT_MESSAGE;
  const { id } = await addImage(store, {
    layers: [{ diffId, blob: layer }],
    config: {
      platform: options.platform,
      created,
      author: '',
      config,
      comment,
      history: [{ created, createdBy: '', author: '', comment, emptyLayer: false }],
    },
    format: 'oci',
    names: options.reference === undefined ? [] : [options.reference],
  });
  return id;
}
