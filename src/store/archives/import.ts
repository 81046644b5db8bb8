/** Makes an image of one layer from a root file system tar. */

import type { Digest, Platform } from '../../spec/content.ts';
import { mediaTypes } from '../../spec/image.ts';
import { emptyDefaults } from '../../spec/image-config-writer.ts';
import type { ImageReference } from '../../spec/reference.ts';
import {
  COMPRESSION_HEAD,
  compressionOf,
  decompress,
  isLayerCompression,
  type LayerCompression,
  peek,
} from '../compression.ts';
import type { Store } from '../index.ts';
import { applyChanges } from './changes.ts';
import { addImage, receiveLayer } from './new-image.ts';

export interface ImportOptions {
  /** Undefined: the image has only its id. */
  reference: ImageReference | undefined;
  message: string;
  /** Dockerfile instructions. */
  changes: readonly string[];
  platform: Platform;
}

const LAYER_TYPES: Readonly<Record<LayerCompression, string>> = {
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
  const { compression, bytes } = await asLayer(archive);
  const layer = await receiveLayer(store, bytes, LAYER_TYPES[compression]);
  const created = new Date().toISOString();
  const comment = options.message || DEFAULT_MESSAGE;
  const { id } = await addImage(store, {
    layers: [layer],
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

/** As it is where a layer may be compressed so, else uncompressed. */
async function asLayer(archive: AsyncIterable<Uint8Array>) {
  const { head, rest } = await peek(archive, COMPRESSION_HEAD);
  const compression = compressionOf(head);
  return isLayerCompression(compression)
    ? { compression, bytes: rest }
    : { compression: 'none' as const, bytes: decompress(rest) };
}
