/**
 * Unpacked layers, each ready to be a lower directory of overlayfs: `<diffId hex>.erofs`, a file-system image, where the
 * kernel mounts such a file, else `<diffId hex>`, a tree of files. A layer is there when it has its final name and its row
 * exists; anything else is swept at the next start.
 */

import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import { randomSuffix, shortId } from '../../base/ids.ts';
import type { Descriptor, Digest, OnProgress } from '../../spec/content.ts';
import { digestHex, isDigest } from '../../spec/digest.ts';
import type { FileBlobStore } from '../blobs.ts';
import { DiskRoom } from '../disk-room.ts';
import { syncDirectory, wordDiskError } from '../durable-files.ts';
import type { LayerForm, LayerForms } from './forms.ts';
import type { LayerRecords } from './records.ts';
import { type UnpackedLayer, unpackLayer } from './unpack.ts';

/** Part of every name that is not a layer's. */
const TEMPORARY = '.tmp-';
const IMAGE = '.erofs';

/** A complete layer that has no name yet. */
export interface ReceivedLayer {
  diffId: Digest;
  /** Where it is until then. */
  path: string;
  publish(): Promise<Digest>;
  discard(): Promise<void>;
}

export class LayerStore {
  readonly #directory: string;
  readonly #blobs: FileBlobStore;
  readonly #records: LayerRecords;
  readonly #forms: LayerForms;
  readonly #removed: (path: string) => void;
  /** Hex digits of the layers that are images. */
  readonly #images: Set<string>;
  readonly #underWay = new Map<Digest, Promise<string>>();
  readonly #syncing = new Set<Promise<void>>();

  /** `removed` hears of every path that stops being a layer. */
  constructor(
    directory: string,
    blobs: FileBlobStore,
    records: LayerRecords,
    forms: LayerForms,
    removed: (path: string) => void = () => undefined,
  ) {
    this.#directory = directory;
    this.#blobs = blobs;
    this.#records = records;
    this.#forms = forms;
    this.#removed = removed;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#images = new Set(readdirSync(directory).filter(isImageName).map(withoutSuffix));
  }

  /**
   * Removes what a crash left: temporary layers, layers without a row, rows without a layer, layers whose content the machine
   * may have lost, and images that this kernel does not mount. Returns the layers of the last two kinds.
   */
  async sweep(): Promise<ReadonlySet<string>> {
    const doubtful = new Set(this.#records.doubtful());
    if (this.#images.size > 0 && (await this.#forms.preferred()) !== 'image') {
      for (const diffId of this.#records.list()) {
        if (this.#images.has(hexOf(diffId))) doubtful.add(diffId);
      }
    }
    for (const diffId of doubtful) this.#records.delete(diffId);
    const names = new Set(readdirSync(this.#directory));
    for (const diffId of this.list()) {
      if (!names.has(basename(this.path(diffId)))) this.#records.delete(diffId);
    }
    const kept = new Set(this.list().map((diffId) => basename(this.path(diffId))));
    for (const name of names) {
      if (kept.has(name)) continue;
      this.#images.delete(withoutSuffix(name));
      await removeTree(join(this.#directory, name));
    }
    return doubtful;
  }

  has(diffId: Digest): boolean {
    return this.#records.has(diffId);
  }

  /** An image or a directory. */
  path(diffId: Digest): string {
    return this.#pathOf(digestHex(diffId), this.#formOf(diffId));
  }

  /** Bytes of its files; 0 for a layer that is not unpacked. */
  size(diffId: Digest): number {
    return this.#records.size(diffId);
  }

  list(): Digest[] {
    return this.#records.list().filter(isDigest);
  }

  /** The path of the layer, unpacked from the blob unless that was done before. Callers for one layer share the work. */
  ensure(diffId: Digest, blob: Descriptor, onProgress?: OnProgress): Promise<string> {
    const running = this.#underWay.get(diffId);
    if (running !== undefined) return running;
    if (this.has(diffId)) return Promise.resolve(this.path(diffId));
    const work = this.#unpackBlob(diffId, blob, onProgress)
      .then(() => this.path(diffId))
      .finally(() => this.#underWay.delete(diffId));
    this.#underWay.set(diffId, work);
    return work;
  }

  /** Unpacks a blob whose diffId nobody knows yet; returns it. */
  async create(blob: Descriptor): Promise<Digest> {
    const received = await this.#receiveAgain(() => this.#blobs.read(blob.digest));
    return received.publish();
  }

  /** Unpacks an archive, maybe compressed, that nobody vouches for yet: one of `publish` and `discard` is due. */
  async receive(source: AsyncIterable<Uint8Array>): Promise<ReceivedLayer> {
    return this.#receive(source, await this.#forms.preferred());
  }

  async #receive(source: AsyncIterable<Uint8Array>, form: LayerForm): Promise<ReceivedLayer> {
    const temporary = join(this.#directory, `${TEMPORARY}${randomSuffix()}`);
    try {
      const room = new DiskRoom(this.#directory);
      const layer = await unpackLayer(source, await this.#forms.open(form, temporary), room);
      return {
        diffId: layer.diffId,
        path: temporary,
        publish: async () => {
          await removeTree(this.#publish(temporary, form, layer));
          return layer.diffId;
        },
        discard: async () => removeTree(temporary),
      };
    } catch (error) {
      await removeTree(temporary);
      throw wordDiskError(error, this.#directory);
    }
  }

  /** A layer that is too large for an image becomes a directory. */
  async #receiveAgain(source: () => AsyncIterable<Uint8Array>): Promise<ReceivedLayer> {
    try {
      return await this.receive(source());
    } catch (error) {
      if (!(error instanceof TiffinError) || error.code !== 'too-many-entries') throw error;
      return this.#receive(source(), 'directory');
    }
  }

  /**
   * Unpacks the blob once more and compares. With `repair` what is missing or differs is replaced. Throws `invalid` when the blob
   * is that of another layer.
   */
  async verify(
    diffId: Digest,
    blob: Descriptor,
    repair: boolean,
  ): Promise<'sound' | 'missing' | 'damaged'> {
    await this.#underWay.get(diffId);
    const path = this.path(diffId);
    const missing = !this.has(diffId) || !existsSync(path);
    if (missing && !repair) return 'missing';
    const form = missing ? await this.#forms.preferred() : this.#formOf(diffId);
    const fresh = await this.#receive(this.#blobs.read(blob.digest), form);
    if (fresh.diffId !== diffId) {
      await fresh.discard();
      throw wrongContent(diffId, fresh.diffId);
    }
    const sound = !missing && (await this.#forms.same(form, path, fresh.path).catch(() => false));
    if (sound || !repair) await fresh.discard();
    else {
      await this.remove(diffId);
      await fresh.publish();
    }
    return sound ? 'sound' : missing ? 'missing' : 'damaged';
  }

  async remove(diffId: Digest): Promise<void> {
    this.#records.delete(diffId);
    const path = this.path(diffId);
    const doomed = `${path}${TEMPORARY}${randomSuffix()}`;
    // Renamed first: a half-removed tree must never have a layer's name.
    await rename(path, doomed).catch(() => undefined);
    this.#images.delete(digestHex(diffId));
    this.#removed(path);
    await removeTree(doomed);
  }

  /** Resolves when every layer unpacked so far is on the disk. */
  async synced(): Promise<void> {
    await Promise.all(this.#syncing);
  }

  async #unpackBlob(
    diffId: Digest,
    blob: Descriptor,
    onProgress: OnProgress | undefined,
  ): Promise<void> {
    const source = () => reported(this.#blobs.read(blob.digest), blob, onProgress);
    const layer = await this.#receiveAgain(source);
    if (layer.diffId !== diffId) {
      await layer.discard();
      throw wrongContent(diffId, layer.diffId);
    }
    await layer.publish();
  }

  /** Without waiting in between, so that no two publish at once. Returns the path of what is not wanted. */
  #publish(temporary: string, form: LayerForm, layer: UnpackedLayer): string {
    const { diffId, size, synced } = layer;
    if (this.has(diffId)) return temporary;
    const path = this.#pathOf(digestHex(diffId), form);
    const stray = `${path}${TEMPORARY}${randomSuffix()}`;
    if (existsSync(path)) renameSync(path, stray);
    renameSync(temporary, path);
    if (form === 'image') this.#images.add(digestHex(diffId));
    this.#records.put(diffId, size);
    const syncing = this.#settle(diffId, synced);
    this.#syncing.add(syncing);
    syncing.finally(() => this.#syncing.delete(syncing));
    return stray;
  }

  #formOf(diffId: Digest): LayerForm {
    return this.#images.has(digestHex(diffId)) ? 'image' : 'directory';
  }

  #pathOf(hex: string, form: LayerForm): string {
    return join(this.#directory, form === 'image' ? `${hex}${IMAGE}` : hex);
  }

  /** Containers may start before the disk has everything; until it has, the row remembers the doubt. */
  async #settle(diffId: Digest, synced: Promise<void>): Promise<void> {
    try {
      await synced;
      await syncDirectory(this.#directory);
      this.#records.markSynced(diffId);
    } catch {
      // The doubt stays in the row: after a crash of the machine the layer is unpacked again.
    }
  }
}

async function* reported(
  source: AsyncIterable<Uint8Array>,
  blob: Descriptor,
  onProgress: OnProgress | undefined,
): AsyncGenerator<Uint8Array> {
  let current = 0;
  for await (const chunk of source) {
    yield chunk;
    current += chunk.length;
    onProgress?.({ id: shortId(blob.digest), status: 'Extracting', current, total: blob.size });
  }
}

async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

function isImageName(name: string): boolean {
  return name.endsWith(IMAGE) && !name.includes(TEMPORARY);
}

function withoutSuffix(name: string): string {
  return isImageName(name) ? name.slice(0, -IMAGE.length) : name;
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1);
}

function wrongContent(expected: Digest, actual: Digest): TiffinError {
  return new TiffinError(
    'invalid',
    'layer-mismatch',
    `layer content does not match the image configuration: expected ${expected}, got ${actual}`,
    { hint: 'the image is damaged: pull or load it again' },
  );
}
