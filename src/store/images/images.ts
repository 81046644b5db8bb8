/** The images of the store: found by name, id or digest, named, listed. */

import { TiffinError } from '../../base/errors.ts';
import { isHex } from '../../base/ids.ts';
import { limits } from '../../base/limits.ts';
import type { Descriptor, Digest, Platform } from '../../spec/content.ts';
import { isDigest, parseDigest } from '../../spec/digest.ts';
import { decodeImageConfig, type ImageConfig } from '../../spec/image-config.ts';
import { formatPlatform } from '../../spec/platform.ts';
import {
  familiarReference,
  formatReference,
  type ImageReference,
  parseReference,
  withDefaultTag,
} from '../../spec/reference.ts';
import type { FileBlobStore } from '../blobs.ts';
import type { LayoutImage } from '../layout.ts';
import type { ImageParents } from './parents.ts';
import { NamedPlatforms } from './platforms.ts';
import type { StoredImage } from './read-image.ts';
import type { ImageRecords, ImageRow } from './records.ts';

export interface ImageLayer {
  diffId: Digest;
  /** The layer as it is in the blob store, usually compressed. */
  blob: Descriptor;
}

export interface ImageRecord {
  /** Digest of the configuration, which is Docker's image id. */
  id: Digest;
  manifest: Descriptor;
  /** The index through which the image was pulled. */
  index: Digest | undefined;
  /** The image of the container that this one was committed from. */
  parent: Digest | undefined;
  config: ImageConfig;
  /** Bottom first. */
  layers: ImageLayer[];
  /** Directories of the unpacked layers, top first, as overlayfs wants them. */
  directories: string[];
  /** As people write them: `alpine:3`. */
  tags: string[];
  /** `alpine@sha256:…` */
  digests: string[];
  /** Bytes of all unpacked layers. */
  size: number;
  createdMs: number;
  taggedMs: number;
}

/** How an image came here. */
export interface ImageOrigin {
  manifest: Descriptor;
  /** The index through which it was found. */
  index?: Digest | undefined;
  /** Tags and digests it is to be found by; one with neither becomes `latest`. */
  names: readonly ImageReference[];
}

/** What the images need to know of the unpacked layers. */
export interface LayerSizes {
  path(diffId: Digest): string;
  size(diffId: Digest): number;
}

const CACHED_CONFIGS = 256;

export class Images {
  readonly #records: ImageRecords;
  readonly #blobs: FileBlobStore;
  readonly #layers: LayerSizes;
  readonly #changed: () => Promise<void>;
  readonly #parents: ImageParents;
  readonly #platforms: NamedPlatforms;
  readonly #configs = new Map<Digest, ImageConfig>();

  /** `changed` is awaited after each change of images or names. */
  constructor(
    records: ImageRecords,
    parents: ImageParents,
    blobs: FileBlobStore,
    layers: LayerSizes,
    changed: () => Promise<void>,
  ) {
    this.#records = records;
    this.#parents = parents;
    this.#blobs = blobs;
    this.#layers = layers;
    this.#changed = changed;
    this.#platforms = new NamedPlatforms(records, (id) => {
      const row = records.get(id);
      return row && platformOf(this.#config(row.id));
    });
  }

  /** Records an image whose layers are unpacked. */
  async add(image: StoredImage, origin: ImageOrigin): Promise<ImageRecord> {
    const id = image.manifest.config.digest;
    const nowMs = Date.now();
    this.#records.put({
      id,
      manifest: image.descriptor.digest,
      manifestType: image.descriptor.mediaType,
      manifestSize: image.descriptor.size,
      index: origin.index,
      createdMs: parseTime(image.config.created),
      taggedMs: nowMs,
      layers: image.layers.map(({ diffId, blob }) => ({
        diffId,
        blob: blob.digest,
        blobType: blob.mediaType,
        blobSize: blob.size,
      })),
    });
    for (const name of origin.names)
      this.#platforms.give(formatReference(withDefaultTag(name)), id, nowMs, origin.index);
    await this.#changed();
    return this.resolve(id);
  }

  /** By `name[:tag][@digest]`, id, unique start of an id, or digest of the manifest. Throws `not-found`. */
  resolve(name: string): ImageRecord {
    const found = this.find(name);
    if (found === undefined) throw noSuchImage(name);
    return found;
  }

  find(name: string): ImageRecord | undefined {
    const id = this.#findId(name);
    const row = id === undefined ? undefined : this.#records.get(id);
    return row && this.#record(row);
  }

  /** What the name stands for on a platform; undefined when that is not here. */
  findFor(name: string, platform: Platform): ImageRecord | undefined {
    const id = this.#platforms.best(this.#allIds(name), platform);
    return id === undefined ? undefined : this.byId(id);
  }

  /** All that the name stands for: one image per platform, the one that is meant without a platform first. Empty: it is not here. */
  allOf(name: string): ImageRecord[] {
    return this.#allIds(name).flatMap((id) => this.byId(id) ?? []);
  }

  /** The index that a name stands for; undefined for an image by itself, and when a check of the store has removed it. */
  indexOf(name: string): Digest | undefined {
    const full = this.#fullName(name);
    const index = full === undefined ? undefined : this.#records.indexOfName(full);
    return index !== undefined && this.#blobs.has(index) ? index : undefined;
  }

  /** By id, also when it was removed and only a container keeps it. */
  byId(id: string): ImageRecord | undefined {
    const row = this.#records.get(id);
    return row && this.#record(row);
  }

  /** Newest first. */
  list(): ImageRecord[] {
    return this.#records.list().map((row) => this.#record(row));
  }

  /** Of every image, those included that only a container keeps. */
  allLayers(): ImageLayer[] {
    return [...this.#records.list(), ...this.#records.removed()].flatMap(layersOf);
  }

  async tag(name: string, target: ImageReference): Promise<void> {
    if (target.digest !== undefined) {
      throw new TiffinError(
        'invalid',
        'bad-reference',
        'refusing to create a tag with a digest reference',
      );
    }
    this.resolve(name);
    const [id = '', ...others] = this.allOf(name).map((image) => image.id);
    const index = this.indexOf(name);
    const full = formatReference(withDefaultTag(target));
    this.#records.setName(full, id, Date.now(), { others, index });
    await this.#changed();
  }

  /** Remembers that the image is known by this digest in a repository. */
  async nameDigest(id: Digest, name: ImageReference, index?: Digest): Promise<void> {
    this.#platforms.give(formatReference(name), id, Date.now(), index);
    await this.#changed();
  }

  /** For index.json: one entry per name, one without name for an unnamed image. */
  layoutImages(): LayoutImage[] {
    return this.#records.list().flatMap((row): LayoutImage[] => {
      const manifest = manifestDescriptor(row);
      // A name may stand for one entry only.
      const names = this.#records
        .names(row.id)
        .filter((name) => !name.includes('@') && this.#records.idByName(name) === row.id);
      if (names.length === 0) return [{ manifest, name: undefined }];
      return names.map((name) => ({ manifest, name }));
    });
  }

  #findId(name: string): string | undefined {
    if (isDigest(name)) return this.#byDigest(name);
    if (name.length === 64 && isHex(name)) return this.#byDigest(parseDigest(`sha256:${name}`));
    return this.#byName(name) ?? this.#byPrefix(name);
  }

  #byDigest(digest: Digest): string | undefined {
    const row = this.#records.get(digest);
    return row !== undefined && !row.removed ? row.id : this.#records.idByManifest(digest);
  }

  /** An id or a digest means one image, whatever its names. */
  #allIds(name: string): string[] {
    const id = this.#findId(name);
    if (id === undefined) return [];
    const full = this.#fullName(name);
    const all = full === undefined ? [] : this.#platforms.all(full);
    return all[0] === id ? all : [id];
  }

  #byName(name: string): string | undefined {
    const full = this.#fullName(name);
    return full === undefined ? undefined : this.#records.idByName(full);
  }

  #fullName(name: string): string | undefined {
    let reference: ImageReference;
    try {
      reference = withDefaultTag(parseReference(name));
    } catch {
      return undefined;
    }
    const { tag, ...untagged } = reference;
    // With a digest the tag is only a remark.
    return formatReference(untagged.digest === undefined ? reference : untagged);
  }

  #byPrefix(text: string): string | undefined {
    const hex = text.startsWith('sha256:') ? text.slice(7) : text;
    if (hex.length > 64 || !isHex(hex)) return undefined;
    const [first, second] = this.#records.idsByPrefix(hex);
    if (second !== undefined) {
      throw new TiffinError('invalid', 'ambiguous-image', `image id prefix ${text} is ambiguous`, {
        hint: 'give more digits of the id',
      });
    }
    return first;
  }

  #record(row: ImageRow): ImageRecord {
    const names = this.#records.names(row.id).map((name) => parseReference(name));
    const diffIds = row.layers.map((layer) => layer.diffId);
    return {
      id: row.id,
      manifest: manifestDescriptor(row),
      index: row.index,
      parent: this.#parents.of(row.id),
      config: this.#config(row.id),
      layers: layersOf(row),
      directories: diffIds.map((id) => this.#layers.path(id)).reverse(),
      tags: names.filter((name) => name.digest === undefined).map(familiarReference),
      digests: names.filter((name) => name.digest !== undefined).map(familiarReference),
      size: diffIds.reduce((sum, id) => sum + this.#layers.size(id), 0),
      createdMs: row.createdMs,
      taggedMs: row.taggedMs,
    };
  }

  #config(digest: Digest): ImageConfig {
    const known = this.#configs.get(digest);
    if (known !== undefined) return known;
    const config = decodeImageConfig(this.#blobs.readAllSync(digest, limits.imageConfigBytes));
    if (this.#configs.size >= CACHED_CONFIGS) this.#configs.clear();
    this.#configs.set(digest, config);
    return config;
  }
}

export function noSuchImage(name: string): TiffinError {
  let shown = name;
  try {
    shown = isDigest(name) ? name : familiarReference(withDefaultTag(parseReference(name)));
  } catch {
    // Not a reference: shown as it was given.
  }
  return new TiffinError('not-found', 'no-such-image', `No such image: ${shown}`);
}

/** In Docker's words. */
export function lacksPlatform(name: string, platform: Platform): TiffinError {
  const message = `image with reference ${name} was found but does not provide the specified platform (${formatPlatform(platform)})`;
  return new TiffinError('not-found', 'no-such-platform', message);
}

function layersOf(row: ImageRow): ImageLayer[] {
  return row.layers.map(({ diffId, blob, blobType, blobSize }) => ({
    diffId,
    blob: { mediaType: blobType, digest: blob, size: blobSize },
  }));
}

function manifestDescriptor(row: ImageRow): Descriptor {
  return { mediaType: row.manifestType, digest: row.manifest, size: row.manifestSize };
}

export function platformOf({ architecture, os, variant }: ImageConfig): Platform {
  return { architecture, os, ...(variant === undefined ? {} : { variant }) };
}

/** ms since 1970; 0 for an absent or unreadable time. */
function parseTime(text: string | undefined): number {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isFinite(ms) ? Math.max(ms, 0) : 0;
}
