/**
 * Archives that `docker save` wrote before version 1.10: a directory per layer, `<id>/json` and `<id>/layer.tar`, chained by
 * `parent`, and `repositories` with the names of the topmost ones (docker image specification v1).
 */

import { isHex } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import type { Descriptor, Digest } from '../../spec/content.ts';
import { mediaTypes } from '../../spec/image.ts';
import { type ImageConfig, parseImageConfig } from '../../spec/image-config.ts';
import { encodeImageConfig } from '../../spec/image-config-writer.ts';
import { JsonObject, parseJson } from '../../spec/json-object.ts';
import { type ImageReference, parseReference } from '../../spec/reference.ts';
import type { FileBlobStore } from '../blobs.ts';
import { type ImageOrigin, platformOf } from '../images/images.ts';
import { diffIdOf, layerDescriptor } from './layer-files.ts';
import { broken, type ReceivedArchive } from './receive.ts';

interface OldImage {
  id: string;
  parent: string | undefined;
  /** Its `json`. */
  fields: JsonObject;
}

interface OldLayer {
  descriptor: Descriptor;
  diffId: Digest;
}

const CONFIG_SUFFIX = '/json';

/** Writes configuration and manifest for each image that no other one goes on from, or that has a name. */
export async function legacyImages(
  archive: ReceivedArchive,
  repositories: Uint8Array | undefined,
  blobs: FileBlobStore,
): Promise<ImageOrigin[]> {
  const images = await readImages(archive, blobs);
  const names = readNames(repositories);
  const parents = new Set([...images.values()].map(({ parent }) => parent));
  const layers = new Map<string, OldLayer>();
  const origins: ImageOrigin[] = [];
  for (const image of images.values()) {
    const own = names.get(image.id) ?? [];
    if (own.length === 0 && parents.has(image.id)) continue;
    const chain = chainOf(image, images);
    for (const { id } of chain) {
      if (!layers.has(id)) layers.set(id, await readLayer(archive, id, blobs));
    }
    const used = chain.flatMap(({ id }) => layers.get(id) ?? []);
    origins.push({ manifest: await addImage(chain, used, blobs), names: own });
  }
  for (const [id] of names) if (!images.has(id)) throw broken(`it has no image ${id}`);
  return origins;
}

async function readImages(
  archive: ReceivedArchive,
  blobs: FileBlobStore,
): Promise<Map<string, OldImage>> {
  const images = new Map<string, OldImage>();
  let bytes = 0;
  for (const path of archive.paths()) {
    const id = path.endsWith(CONFIG_SUFFIX) ? path.slice(0, -CONFIG_SUFFIX.length) : '';
    if (!isId(id)) continue;
    if (images.size === limits.archiveImages) throw broken('it has too many images');
    const { digest, size } = archive.file(path);
    bytes += size;
    // They are in memory together.
    if (bytes > limits.imageConfigBytes) throw broken('its descriptions of layers are too large');
    const fields = JsonObject.of(
      parseJson(await blobs.readAll(digest, limits.imageConfigBytes), path),
      path,
    );
    images.set(id, { id, parent: fields.text('parent') || undefined, fields });
  }
  return images;
}

function readNames(repositories: Uint8Array | undefined): Map<string, ImageReference[]> {
  const names = new Map<string, ImageReference[]>();
  if (repositories === undefined) return names;
  const fields = JsonObject.of(parseJson(repositories, 'repositories'), 'repositories');
  for (const repository of fields.keys()) {
    for (const [tag, id] of Object.entries(fields.textMap(repository) ?? {})) {
      names.set(id, [...(names.get(id) ?? []), parseReference(`${repository}:${tag}`)]);
    }
  }
  return names;
}

/** Bottom first. */
function chainOf(image: OldImage, images: ReadonlyMap<string, OldImage>): OldImage[] {
  const chain = [image];
  for (let { parent } = image; parent !== undefined; ) {
    const next = images.get(parent);
    if (next === undefined)
      throw broken(`it has no image ${parent.slice(0, 64)}, which ${image.id} is made from`);
    // Also ends a circle.
    if (chain.length === limits.imageLayers) throw broken(`${image.id} has too many layers`);
    chain.push(next);
    parent = next.parent;
  }
  return chain.reverse();
}

async function readLayer(
  archive: ReceivedArchive,
  id: string,
  blobs: FileBlobStore,
): Promise<OldLayer> {
  const descriptor = await layerDescriptor(blobs, archive.file(`${id}/layer.tar`));
  return { descriptor, diffId: await diffIdOf(blobs, descriptor) };
}

async function addImage(
  chain: readonly OldImage[],
  layers: readonly OldLayer[],
  blobs: FileBlobStore,
): Promise<Descriptor> {
  const configs = chain.map(({ fields }) => configOf(fields));
  const top = configs.at(-1);
  if (top === undefined) throw broken('it has no image');
  const history = chain.map(({ fields }, at) => ({
    created: configs[at]?.created,
    createdBy: (fields.object('container_config')?.texts('Cmd') ?? []).join(' '),
    author: configs[at]?.author ?? '',
    comment: configs[at]?.comment ?? '',
    emptyLayer: false,
  }));
  const { author, comment, config, created = '1970-01-01T00:00:00Z' } = top;
  const diffIds = layers.map(({ diffId }) => diffId);
  const platform = platformOf(top);
  const written = { platform, created, author, comment, config, diffIds, history };
  const added = await blobs.addBytes(encodeImageConfig(written));
  const body = {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: { mediaType: mediaTypes.dockerConfig, ...added },
    layers: layers.map(({ descriptor }) => descriptor),
  };
  const manifest = await blobs.addBytes(Buffer.from(JSON.stringify(body)));
  return { mediaType: mediaTypes.dockerManifest, ...manifest };
}

/** What such a document says that a configuration of today says too. */
function configOf(fields: JsonObject): ImageConfig {
  const kept = ['architecture', 'os', 'created', 'author', 'comment', 'config', 'docker_version'];
  const known = kept.map((key): [string, unknown] => [key, fields.get(key)]);
  return parseImageConfig({ ...Object.fromEntries(known), rootfs: { type: 'layers' } });
}

function isId(text: string): boolean {
  return text.length === 64 && isHex(text);
}
