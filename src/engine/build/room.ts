/** What builds share: the cache of steps, the directories of cache mounts, and their end with the engine. */

import type { Parts } from '../parts.ts';
import { BuildCache } from './cache.ts';
import type { CacheTable } from './cache-table.ts';
import { Caches } from './caches.ts';

export class BuildRoom {
  readonly cache: BuildCache;
  readonly caches: Caches;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(parts: Pick<Parts, 'paths' | 'store' | 'trash'>, table: CacheTable) {
    this.caches = new Caches(parts);
    this.cache = new BuildCache(parts, table, this.caches);
  }

  /** Runs a build, whose signal also tells of the engine's end. */
  run<T>(signal: AbortSignal, body: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const build = body(AbortSignal.any([signal, this.#closing.signal]));
    this.#running.add(build);
    return build.finally(() => this.#running.delete(build));
  }

  /** Ends what runs; resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#running);
  }
}
