/** Removal of what no image needs: blobs, unpacked layers, and image records that only a container had kept. */

import type { Digest } from '../spec/content.ts';
import type { FileBlobStore } from './blobs.ts';
import type { CompressedLayers } from './compressed.ts';
import type { ImageRecords, ImageRow } from './images/records.ts';
import type { LayerStore } from './layers/layers.ts';

export interface Collected {
  blobs: Digest[];
  layers: Digest[];
  /** Bytes of blobs and of unpacked files. */
  bytes: number;
}

/**
 * While anybody holds the store, content that no image names yet is on its way in (a pull, a load), so nothing is collected;
 * the last one to let go collects.
 */
export class Garbage {
  readonly #records: ImageRecords;
  readonly #blobs: FileBlobStore;
  readonly #layers: LayerStore;
  readonly #compressed: CompressedLayers;
  readonly #usedImages: () => Iterable<string>;
  #holds = 0;
  #wanted = false;
  #running: Promise<Collected> | undefined;

  constructor(
    records: ImageRecords,
    blobs: FileBlobStore,
    layers: LayerStore,
    compressed: CompressedLayers,
    usedImages: () => Iterable<string>,
  ) {
    this.#records = records;
    this.#blobs = blobs;
    this.#layers = layers;
    this.#compressed = compressed;
    this.#usedImages = usedImages;
  }

  /** Keeps everything until the returned object is disposed. A collection that is under way ends first. */
  async hold(): Promise<AsyncDisposable> {
    this.#holds += 1;
    await this.#running;
    let held = true;
    return {
      [Symbol.asyncDispose]: async () => {
        if (!held) return;
        held = false;
        this.#holds -= 1;
        if (this.#holds === 0 && this.#wanted) await this.collect();
      },
    };
  }

  /** Empty when the store is held: then it happens later. */
  async collect(): Promise<Collected> {
    this.#wanted = true;
    if (this.#running !== undefined) await this.#running;
    if (this.#holds > 0) return { blobs: [], layers: [], bytes: 0 };
    this.#wanted = false;
    this.#running = this.#collect();
    try {
      return await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  async #collect(): Promise<Collected> {
    const used = new Set(this.#usedImages());
    const kept: ImageRow[] = this.#records.list();
    for (const row of this.#records.removed()) {
      if (used.has(row.id)) kept.push(row);
      else this.#records.delete(row.id);
    }
    const blobs = new Set<Digest>(kept.flatMap(blobsOf));
    this.#compressed.keepOnly(blobs);
    for (const digest of [...blobs]) {
      const copy = this.#compressed.of(digest);
      if (copy !== undefined) blobs.add(copy);
    }
    const layers = new Set<Digest>(kept.flatMap((row) => row.layers.map(({ diffId }) => diffId)));
    const collected: Collected = { blobs: [], layers: [], bytes: 0 };
    for (const digest of this.#blobs.list()) {
      if (blobs.has(digest)) continue;
      collected.bytes += this.#blobs.size(digest);
      this.#blobs.remove(digest);
      collected.blobs.push(digest);
    }
    for (const diffId of this.#layers.list()) {
      if (layers.has(diffId)) continue;
      collected.bytes += this.#layers.size(diffId);
      collected.layers.push(diffId);
      await this.#layers.remove(diffId);
    }
    return collected;
  }
}

function blobsOf(row: ImageRow): Digest[] {
  const index = row.index === undefined ? [] : [row.index];
  return [row.id, row.manifest, ...index, ...row.layers.map(({ blob }) => blob)];
}
