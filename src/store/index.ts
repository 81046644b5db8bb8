/** The store of one data root: blobs, unpacked layers, images and archives. Everything below it is opened here. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { shortId } from '../base/ids.ts';
import type { Database } from '../host/database.ts';
import type { Digest, OnProgress } from '../spec/content.ts';
import { Archives } from './archives/archives.ts';
import { FileBlobStore } from './blobs.ts';
import { checkStore } from './check/check.ts';
import type { CheckOptions, CheckReport } from './check/problem.ts';
import { CompressedLayers } from './compressed.ts';
import { Garbage, type KeptLayer } from './garbage.ts';
import { type HistoryStep, imageHistory } from './images/history.ts';
import { type ImageLayer, type ImageOrigin, type ImageRecord, Images } from './images/images.ts';
import { ImageParents } from './images/parents.ts';
import { readImage } from './images/read-image.ts';
import { ImageRecords } from './images/records.ts';
import { Removal, type RemovedItem, type RemoveOptions } from './images/removal.ts';
import { type LayerForms, shimLayerForms } from './layers/forms.ts';
import { Intake } from './layers/intake.ts';
import { LayerStore } from './layers/layers.ts';
import { LayerRecords } from './layers/records.ts';
import { Layout } from './layout.ts';

export { applyChanges } from './archives/changes.ts';
export type { ImportOptions } from './archives/import.ts';
export type { LoadedImage } from './archives/load.ts';
export type { NewImage } from './archives/new-image.ts';
export type { TreeChange } from './archives/tree-changes.ts';
export type { CheckOptions, CheckReport, Problem } from './check/problem.ts';
export { DiskRoom } from './disk-room.ts';
export type { Collected } from './garbage.ts';
export type { HistoryStep } from './images/history.ts';
export type { ImageLayer, ImageOrigin, ImageRecord } from './images/images.ts';
export { lacksPlatform, platformOf } from './images/images.ts';
export type { ImageUse, RemovedItem, RemoveOptions } from './images/removal.ts';
export { TarReader } from './tar/reader.ts';

export interface StoreOptions {
  /** The data root; the store uses `images` and `layers` in it. */
  root: string;
  database: Database;
  /** Path of the shim. */
  shim: string;
  /** Ids of the images that containers were made from; asked at each collection. */
  usedImages: () => Iterable<string>;
  /** Hears of every path that stops being a layer. */
  layerRemoved?: (path: string) => void;
  /** Other than what this machine is found to be best at. */
  layerForms?: LayerForms;
  /** Layers that stay although no image names them; asked at each collection. */
  keptLayers?: () => Iterable<KeptLayer>;
}

export class Store {
  readonly blobs: FileBlobStore;
  /** The same blobs for a transfer: layers are unpacked while they arrive. */
  readonly intake: Intake;
  readonly layers: LayerStore;
  readonly images: Images;
  readonly parents: ImageParents;
  readonly archives: Archives;
  readonly compressed: CompressedLayers;
  readonly #records: ImageRecords;
  readonly #removal: Removal;
  readonly #garbage: Garbage;
  readonly #layout: Layout;

  constructor(options: StoreOptions) {
    const images = join(options.root, 'images');
    mkdirSync(images, { recursive: true, mode: 0o700 });
    const layers = join(options.root, 'layers');
    const records = new ImageRecords(options.database);
    this.#records = records;
    this.blobs = new FileBlobStore(images);
    this.layers = new LayerStore(
      layers,
      this.blobs,
      new LayerRecords(options.database),
      options.layerForms ?? shimLayerForms(options.shim, layers),
      options.layerRemoved,
    );
    this.intake = new Intake(this.blobs, this.layers);
    this.#layout = new Layout(
      images,
      () => this.images.layoutImages(),
      () => this.blobs.temporary(),
    );
    const changed = () => this.#layout.update();
    const parents = new ImageParents(options.database);
    this.parents = parents;
    this.images = new Images(records, parents, this.blobs, this.layers, changed);
    this.compressed = new CompressedLayers(options.database, this.blobs);
    this.#garbage = new Garbage(
      records,
      this.blobs,
      this.layers,
      this.compressed,
      options.usedImages,
      options.keptLayers,
    );
    this.#removal = new Removal(records, parents, this.images, this.#garbage, changed);
    this.archives = new Archives(this, options.shim);
  }

  /** Removes what a crash or an interrupted transfer left behind, and unpacks again what a crash of the machine may have eaten. */
  async recover(): Promise<void> {
    const doubtful = await this.layers.sweep();
    await this.#garbage.collectAtStart();
    await this.#layout.update();
    for (const { diffId, blob } of this.images.allLayers()) {
      // A layer that cannot be unpacked any more fails the container that needs it, not the start of the engine.
      if (doubtful.has(diffId)) await this.layers.ensure(diffId, blob).catch(() => undefined);
    }
  }

  /**
   * Takes in an image whose manifest, configuration and layers are in the blob store: checks it, unpacks what is not unpacked
   * yet, and only then records it. Throws `invalid`; then no image and no name changed.
   */
  async admit(origin: ImageOrigin, onProgress?: OnProgress): Promise<ImageRecord> {
    const image = await readImage(this.blobs, origin.manifest);
    await this.#unpack(image.layers, onProgress);
    return this.images.add(image, origin);
  }

  /** Makes sure that every layer of the image is unpacked, as they may not be after a crash of the machine; else cheap. */
  async prepare(image: ImageRecord, onProgress?: OnProgress): Promise<void> {
    await this.#unpack(image.layers, onProgress);
  }

  history(image: ImageRecord): HistoryStep[] {
    const ancestors: ImageRecord[] = [];
    // As long as the history is, whatever the rows say.
    for (let at = image; ancestors.length < image.config.history.length; ) {
      const parent = at.parent && this.images.byId(at.parent);
      if (parent === undefined) break;
      ancestors.push(parent);
      at = parent;
    }
    return imageHistory(image, ancestors, this.layers);
  }

  /** Removes a name, or an image with what only it needs. Throws `not-found` or `conflict`, in Docker's words. */
  remove(name: string, options: RemoveOptions): Promise<RemovedItem[]> {
    return this.#removal.remove(name, options);
  }

  /** Nothing is collected until the returned object is disposed: hold the store from the first blob of a pull to `admit`. */
  hold(): Promise<AsyncDisposable> {
    return this.#garbage.hold();
  }

  /** Removes blobs and layers that no image needs. */
  collect(): ReturnType<Garbage['collect']> {
    return this.#garbage.collect();
  }

  /** diffIds of an image, bottom first; undefined when it is not here. Reads no blob. */
  layersOf(imageId: string): Digest[] | undefined {
    return this.#records.get(imageId)?.layers.map(({ diffId }) => diffId);
  }

  /** Compares everything in the store with what it must be. */
  check(options: CheckOptions): Promise<CheckReport> {
    const { blobs, layers } = this;
    const parts = {
      blobs,
      layers,
      records: this.#records,
      garbage: this.#garbage,
      layout: this.#layout,
    };
    return checkStore(parts, options);
  }

  /** Resolves when what was stored would survive a crash of the machine. */
  async close(): Promise<void> {
    await this.layers.synced();
  }

  /** One after the other: a single one keeps the disk busy. */
  async #unpack(layers: readonly ImageLayer[], onProgress: OnProgress | undefined): Promise<void> {
    for (const { diffId, blob } of layers) {
      await this.layers.ensure(diffId, blob, onProgress);
      onProgress?.({ id: shortId(blob.digest), status: 'Pull complete' });
    }
  }
}

/** Opens the store and recovers it. One process per data root. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const store = new Store(options);
  await store.recover();
  return store;
}
