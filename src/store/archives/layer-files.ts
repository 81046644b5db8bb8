/** Layers as files of an archive: what they are, by their first bytes, and what they unpack to. */

import type { Descriptor, Digest } from '../../spec/content.ts';
import { Digester } from '../../spec/digest.ts';
import { mediaTypes } from '../../spec/image.ts';
import type { FileBlobStore } from '../blobs.ts';
import {
  COMPRESSION_HEAD,
  compressionOf,
  decompress,
  isLayerCompression,
  type LayerCompression,
  peek,
} from '../compression.ts';
import { broken, type StoredFile } from './receive.ts';

const LAYER_TYPES: Readonly<Record<LayerCompression, string>> = {
  none: mediaTypes.dockerLayer,
  gzip: mediaTypes.dockerLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
};

export async function layerDescriptor(
  blobs: FileBlobStore,
  { digest, size }: StoredFile,
): Promise<Descriptor> {
  const { head, rest } = await peek(blobs.read(digest), COMPRESSION_HEAD);
  await rest.return(undefined);
  const compression = compressionOf(head);
  if (isLayerCompression(compression)) {
    return { mediaType: LAYER_TYPES[compression], digest, size };
  }
  throw broken(`layer ${digest} is compressed by ${compression}, which no layer is`);
}

/** Digest of the uncompressed layer. */
export async function diffIdOf(blobs: FileBlobStore, layer: Descriptor): Promise<Digest> {
  if (layer.mediaType === LAYER_TYPES.none) return layer.digest;
  const digester = new Digester();
  for await (const chunk of decompress(blobs.read(layer.digest))) digester.update(chunk);
  return digester.finish();
}
