/** `manifest.json` of an archive written by `docker save`: which files make which image, under which names. */

import { limits } from '../../base/limits.ts';
import type { Descriptor } from '../../spec/content.ts';
import { parseDigest } from '../../spec/digest.ts';
import { mediaTypes } from '../../spec/image.ts';
import { expectText, JsonObject, parseJson } from '../../spec/json-object.ts';
import { parseReference } from '../../spec/reference.ts';
import type { FileBlobStore } from '../blobs.ts';
import type { ImageOrigin } from '../images/images.ts';
import { layerDescriptor } from './layer-files.ts';
import { broken, type ReceivedArchive, type StoredFile } from './receive.ts';

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
  for (const path of fields.list('Layers', limits.imageLayers, expectText) ?? []) {
    layers.push(await layerDescriptor(blobs, archive.file(path)));
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
