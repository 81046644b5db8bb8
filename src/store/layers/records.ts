/** Which layers are unpacked, and whether they would survive a crash of the machine. */

import { readFileSync } from 'node:fs';
import type { Database } from '../../host/database.ts';
import type { Digest } from '../../spec/content.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS layers (
  diff_id TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  unsynced_boot TEXT
) STRICT, WITHOUT ROWID;`;

export class LayerRecords {
  readonly #database: Database;
  /** Of this start of the machine. */
  readonly #boot: string;

  constructor(database: Database, boot: string = bootId()) {
    database.schema(SCHEMA);
    this.#database = database;
    this.#boot = boot;
  }

  /** Records a layer that is in its place, but perhaps only in the page cache. */
  put(diffId: Digest, size: number): void {
    this.#database.run(
      'INSERT OR REPLACE INTO layers (diff_id, size, unsynced_boot) VALUES (?, ?, ?)',
      diffId,
      size,
      this.#boot,
    );
  }

  markSynced(diffId: Digest): void {
    this.#database.run('UPDATE layers SET unsynced_boot = NULL WHERE diff_id = ?', diffId);
  }

  has(diffId: Digest): boolean {
    return this.#database.get('SELECT 1 FROM layers WHERE diff_id = ?', diffId) !== undefined;
  }

  /** Bytes; 0 for a layer that is not unpacked. */
  size(diffId: Digest): number {
    const size = this.#database.get('SELECT size FROM layers WHERE diff_id = ?', diffId)?.size;
    return typeof size === 'number' ? size : 0;
  }

  list(): string[] {
    return this.#database.all('SELECT diff_id FROM layers').map((row) => String(row.diff_id));
  }

  /** Layers whose content the machine may have lost: it went down before they were synced. */
  doubtful(): string[] {
    return this.#database
      .all(
        'SELECT diff_id FROM layers WHERE unsynced_boot IS NOT NULL AND unsynced_boot <> ?',
        this.#boot,
      )
      .map((row) => String(row.diff_id));
  }

  delete(diffId: string): void {
    this.#database.run('DELETE FROM layers WHERE diff_id = ?', diffId);
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
