/** What steps gave: key to layer, with the time of the last use, which decides what goes first. */

import type { BuildLayer } from '../../build/worker.ts';
import type { Database, Row } from '../../host/database.ts';
import { isDigest } from '../../spec/digest.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS build_cache (
    key TEXT PRIMARY KEY,
    diff_id TEXT,
    blob TEXT,
    blob_type TEXT,
    blob_size INTEGER,
    created_ms INTEGER NOT NULL,
    used_ms INTEGER NOT NULL,
    uses INTEGER NOT NULL,
    description TEXT NOT NULL
  ) STRICT, WITHOUT ROWID`;

const MAX_DESCRIPTION = 1024;

export interface CachedStep {
  key: string;
  /** Undefined: the step changed nothing. */
  layer: BuildLayer | undefined;
  createdMs: number;
  usedMs: number;
  uses: number;
  description: string;
}

export class CacheTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
    database.schema(SCHEMA);
  }

  get(key: string): CachedStep | undefined {
    const row = this.#database.get('SELECT * FROM build_cache WHERE key = ?', key);
    return row && toStep(row);
  }

  /** Least recently used first. */
  all(): CachedStep[] {
    return this.#database.all('SELECT * FROM build_cache ORDER BY used_ms, key').map(toStep);
  }

  /** What the store keeps although no image names it. */
  layers(): BuildLayer[] {
    return this.all().flatMap(({ layer }) => layer ?? []);
  }

  put(key: string, layer: BuildLayer | undefined, createdMs: number, description: string): void {
    this.#database.run(
      'INSERT OR REPLACE INTO build_cache (key, diff_id, blob, blob_type, blob_size, created_ms, used_ms, uses, description) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)',
      key,
      layer?.diffId ?? null,
      layer?.blob.digest ?? null,
      layer?.blob.mediaType ?? null,
      layer?.blob.size ?? null,
      createdMs,
      Date.now(),
      description.slice(0, MAX_DESCRIPTION),
    );
  }

  touch(key: string): void {
    const sql = 'UPDATE build_cache SET used_ms = ?, uses = uses + 1 WHERE key = ?';
    this.#database.run(sql, Date.now(), key);
  }

  delete(key: string): void {
    this.#database.run('DELETE FROM build_cache WHERE key = ?', key);
  }
}

function toStep(row: Row): CachedStep {
  const diffId = String(row.diff_id);
  const digest = String(row.blob);
  const layer =
    isDigest(diffId) && isDigest(digest)
      ? {
          diffId,
          blob: { digest, mediaType: String(row.blob_type), size: Number(row.blob_size) },
        }
      : undefined;
  return {
    key: String(row.key),
    layer,
    createdMs: Number(row.created_ms),
    usedMs: Number(row.used_ms),
    uses: Number(row.uses),
    description: String(row.description),
  };
}
