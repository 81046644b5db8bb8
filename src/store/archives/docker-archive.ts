/** `manifest.json` of an archive written by `docker save`: which files make which image, under which names. */

import { limits } from '../../base/limits.ts';
import type { Descriptor } from '../../spec/content.ts';
import { parseDigest } from '../../spec/digest.ts';
import { mediaTypes } from '../../spec/image.ts';
import { JsonObject, parseJson } from '../../spec/json-object.ts';
import { parseReference } from '../../spec/reference.ts';
import type { FileBlobStore } from '../blobs.ts';
import {
  COMPRESSION_HEAD,
  compressionOf,
  isLayerCompression,
  type LayerCompression,
  peek,
} from '../compression.ts';
import type { ImageOrigin } from '../images/images.ts';
import { broken, type ReceivedArchive, type StoredFile } from './receive.ts';

const LAYER_TYPES: Readonly<Record<LayerCompression, string>> = {
  none: mediaTypes.dockerLayer,
  gzip: mediaTypes.dockerLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
};

const CONFIG_SUFFIX = '.json';

/** Writes a manifest for each image, as such an archive has none. */
export async function dockerImages(
  archive: ReceivedArchive,
  manifest: Uint8Array,
  blobs: FileBlobStore,
): Promise<ImageOrigin[]> {
  const list = parseJson(manifest, 'manifest.json');
  if (!Array.isArray(list) || list.length > limits.archiveImages) {
    throw broken('manifest.json must be a list of images');
  }
  const images: ImageOrigin[] = [];
  for (const [at, item] of list.entries()) {
    images.push(await dockerImage(archive, JsonObject.of(item, `manifest.json[${at}]`), blobs));
  }
  return images;
}

async function dockerImage(
  archive: ReceivedArchive,
  fields: JsonObject,
  blobs: FileBlobStore,
): Promise<ImageOrigin> {
  const configPath = fields.requiredText('Config');
  const config = archive.file(configPath);
  checkConfigName(configPath, config);
  const layers: Descriptor[] = [];
  for (const path of fields.texts('Layers') ?? []) {
    const { digest, size } = archive.file(path);
    layers.push({ mediaType: await layerType(blobs, digest), digest, size });
  }
  const body = {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: { mediaType: mediaTypes.dockerConfig, digest: config.digest, size: config.size },
    layers,
  };
  const { digest, size } = await blobs.addBytes(Buffer.from(JSON.stringify(body)));
  const names = (fields.texts('RepoTags') ?? []).map(parseReference);
  return { manifest: { mediaType: mediaTypes.dockerManifest, digest, size }, names };
}

/** `<hex>.json` names the digest of its content. */
function checkConfigName(path: string, config: StoredFile): void {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const hex = name.endsWith(CONFIG_SUFFIX) ? name.slice(0, -CONFIG_SUFFIX.length) : '';
  if (hex.length === 64 && parseDigest(`sha256:${hex}`) !== config.digest) {
    throw broken(`${path} does not match its digest`);
  }
}

async function layerType(blobs: FileBlobStore, digest: StoredFile['digest']): Promise<string> {
  const { head, rest } = await peek(blobs.read(digest), COMPRESSION_HEAD);
  await rest.return(undefined);
  const compression = compressionOf(head);
  if (isLayerCompression(compression)) return LAYER_TYPES[compression];
  throw broken(`layer ${digest} is compressed by ${compression}, which no layer is`);
}
