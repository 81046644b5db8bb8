/** The build cache: what steps gave, kept within a budget, and the directories of cache mounts. */

import type { BuildLayer } from '../../build/worker.ts';
import { digestHex, isDigest } from '../../spec/digest.ts';
import type { BuildCacheRecord, BuildPruneOptions, BuildPruneReport } from '../../spec/docker.ts';
import type { Parts } from '../parts.ts';
import type { CachedStep, CacheTable } from './cache-table.ts';
import type { Caches } from './caches.ts';

/** What no image shares may take this much of the disk. */
const BUDGET_BYTES = 20 * 1024 ** 3;

type CacheParts = Pick<Parts, 'store'>;

export class BuildCache {
  readonly #parts: CacheParts;
  readonly #table: CacheTable;
  readonly #caches: Caches;

  constructor(parts: CacheParts, table: CacheTable, caches: Caches) {
    this.#parts = parts;
    this.#table = table;
    this.#caches = caches;
  }

  /** A row whose layer is gone is forgotten. */
  recall(key: string): { layer: BuildLayer | undefined; createdMs: number } | undefined {
    const step = this.#table.get(key);
    if (step === undefined) return undefined;
    const { layer, createdMs } = step;
    const { blobs, layers } = this.#parts.store;
    if (layer !== undefined && !(layers.has(layer.diffId) && blobs.has(layer.blob.digest))) {
      this.#table.delete(key);
      return undefined;
    }
    this.#table.touch(key);
    return { layer, createdMs };
  }

  remember(
    key: string,
    layer: BuildLayer | undefined,
    createdMs: number,
    description: string,
  ): void {
    this.#table.put(key, layer, createdMs, description);
  }

  async records(): Promise<BuildCacheRecord[]> {
    const shared = this.#layersOfImages();
    const steps = this.#table.all().map((step) => stepRecord(step, this.#size(step), shared));
    const directories = (await this.#caches.list()).map(
      (cache): BuildCacheRecord => ({
        ID: cache.name,
        Parents: null,
        Type: 'exec.cachemount',
        Description: 'cache mount of RUN',
        InUse: cache.inUse,
        Shared: false,
        Size: cache.bytes,
        CreatedAt: new Date(cache.usedMs).toISOString(),
        LastUsedAt: new Date(cache.usedMs).toISOString(),
        UsageCount: 1,
      }),
    );
    return [...steps, ...directories];
  }

  /** After a build: what is over the budget goes. */
  async fit(): Promise<void> {
    const keepBytes = BUDGET_BYTES;
    await this.prune({ all: false, keepBytes, unusedSince: undefined, ids: [] });
  }

  /** Least recently used first, until what is left fits. What images hold takes no room of the cache's. */
  async prune(options: BuildPruneOptions): Promise<BuildPruneReport> {
    const records = (await this.records()).toSorted((a, b) => compare(a.LastUsedAt, b.LastUsedAt));
    const before = this.#parts.store.layers.list().length;
    let total = sizeOf(records);
    const deleted: string[] = [];
    let reclaimed = 0;
    for (const record of records) {
      if (total <= options.keepBytes && options.keepBytes > 0) break;
      if (!this.#mayGo(record, options)) continue;
      if (record.Type === 'exec.cachemount') this.#caches.remove(record.ID);
      else this.#table.delete(`sha256:${record.ID}`);
      deleted.push(record.ID);
      total -= record.Shared ? 0 : record.Size;
      reclaimed += record.Shared ? 0 : record.Size;
    }
    if (deleted.length > 0 || before > 0) await this.#parts.store.collect();
    return { CachesDeleted: deleted, SpaceReclaimed: reclaimed };
  }

  #mayGo(record: BuildCacheRecord, options: BuildPruneOptions): boolean {
    if (record.InUse) return false;
    if (options.ids.length > 0 && !options.ids.some((id) => record.ID.startsWith(id))) return false;
    if (!options.all && record.Shared) return false;
    const used = usedMs(record);
    return options.unusedSince === undefined || used < options.unusedSince;
  }

  #layersOfImages(): ReadonlySet<string> {
    return new Set(this.#parts.store.images.allLayers().map(({ diffId }) => diffId));
  }

  #size({ layer }: CachedStep): number {
    if (layer === undefined) return 0;
    return layer.blob.size + this.#parts.store.layers.size(layer.diffId);
  }
}

function stepRecord(step: CachedStep, size: number, shared: ReadonlySet<string>): BuildCacheRecord {
  return {
    ID: isDigest(step.key) ? digestHex(step.key) : step.key,
    Parents: null,
    Type: 'regular',
    Description: step.description,
    InUse: false,
    Shared: step.layer !== undefined && shared.has(step.layer.diffId),
    Size: size,
    CreatedAt: new Date(step.createdMs).toISOString(),
    LastUsedAt: new Date(step.usedMs).toISOString(),
    UsageCount: step.uses,
  };
}

function usedMs({ LastUsedAt }: BuildCacheRecord): number {
  const ms = Date.parse(LastUsedAt ?? '');
  return Number.isNaN(ms) ? 0 : ms;
}

function sizeOf(records: readonly BuildCacheRecord[]): number {
  return records.reduce((sum, record) => sum + (record.Shared ? 0 : record.Size), 0);
}

function compare(a: string | null, b: string | null): number {
  return (a ?? '') < (b ?? '') ? -1 : 1;
}
