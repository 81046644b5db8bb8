/** What builds share: the cache of steps and the directories of cache mounts. */

import type { Parts } from '../parts.ts';
import { BuildCache } from './cache.ts';
import type { CacheTable } from './cache-table.ts';
import { Caches } from './caches.ts';

export interface BuildRoom {
  readonly cache: BuildCache;
  readonly caches: Caches;
}

export function openBuilds(
  parts: Pick<Parts, 'paths' | 'store' | 'trash'>,
  table: CacheTable,
): BuildRoom {
  const caches = new Caches(parts);
  return { caches, cache: new BuildCache(parts, table, caches) };
}
