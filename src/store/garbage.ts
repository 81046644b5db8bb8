/** Removal of what no image needs: blobs, unpacked layers, and image records that only a container had kept. */

import type { Digest } from '../spec/content.ts';
import type { FileBlobStore } from './blobs.ts';
import type { CompressedLayers } from './compressed.ts';
import type { ImageRecords, ImageRow } from './images/records.ts';
import type { LayerStore } from './layers/layers.ts';

/** A layer that somebody else than an image wants to find again. */
export interface KeptLayer {
  diffId: Digest;
  blob: { digest: Digest };
}

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
  readonly #keptLayers: () => Iterable<KeptLayer>;
  #holds = 0;
  #wanted = false;
  #running: Promise<Collected> | undefined;

  constructor(
    records: ImageRecords,
    blobs: FileBlobStore,
    layers: LayerStore,
    compressed: CompressedLayers,
    usedImages: () => Iterable<string>,
    keptLayers: () => Iterable<KeptLayer> = () => [],
  ) {
    this.#records = records;
    this.#blobs = blobs;
    this.#layers = layers;
    this.#compressed = compressed;
    this.#usedImages = usedImages;
    this.#keptLayers = keptLayers;
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

  /** For the start: what an earlier pull has fetched of a blob stays, so that the next one goes on from there. */
  async collectAtStart(): Promise<void> {
    await this.#collect(true);
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

  /** What a collection would remove now; nothing while the store is held. */
  async unused(): Promise<{ blobs: Digest[]; layers: Digest[] }> {
    await this.#running;
    return this.#holds > 0 ? { blobs: [], layers: [] } : this.#unneeded(this.#keptRows().kept);
  }

  async #collect(keepPartials = false): Promise<Collected> {
    const { kept, dropped } = this.#keptRows();
    for (const { id } of dropped) this.#records.delete(id);
    this.#compressed.keepOnly(new Set(kept.flatMap(blobsOf)));
    if (!keepPartials) this.#blobs.dropPartials();
    const collected: Collected = { ...this.#unneeded(kept), bytes: 0 };
    for (const digest of collected.blobs) {
      collected.bytes += this.#blobs.size(digest);
      this.#blobs.remove(digest);
    }
    for (const diffId of collected.layers) {
      collected.bytes += this.#layers.size(diffId);
      await this.#layers.remove(diffId);
    }
    return collected;
  }

  /** Images that were removed stay while a container uses them. */
  #keptRows(): { kept: ImageRow[]; dropped: ImageRow[] } {
    const used = new Set(this.#usedImages());
    const removed = this.#records.removed();
    return {
      kept: [...this.#records.list(), ...removed.filter(({ id }) => used.has(id))],
      dropped: removed.filter(({ id }) => !used.has(id)),
    };
  }

  #unneeded(kept: readonly ImageRow[]): { blobs: Digest[]; layers: Digest[] } {
    const blobs = new Set<Digest>([...kept.flatMap(blobsOf), ...this.#records.indexes()]);
    for (const digest of [...blobs]) {
      const copy = this.#compressed.of(digest);
      if (copy !== undefined) blobs.add(copy);
    }
    const layers = new Set<Digest>(kept.flatMap((row) => row.layers.map(({ diffId }) => diffId)));
    for (const { diffId, blob } of this.#keptLayers()) {
      blobs.add(blob.digest);
      layers.add(diffId);
    }
    return {
      blobs: this.#blobs.list().filter((digest) => !blobs.has(digest)),
      layers: this.#layers.list().filter((diffId) => !layers.has(diffId)),
    };
  }
}

function blobsOf(row: ImageRow): Digest[] {
  const index = row.index === undefined ? [] : [row.index];
  return [row.id, row.manifest, ...index, ...row.layers.map(({ blob }) => blob)];
}
