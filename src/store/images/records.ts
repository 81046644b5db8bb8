/** Image records in the database: which manifest, which layers, under which names. Rows only; blobs are read elsewhere. */

import { assert } from '../../base/errors.ts';
import type { Database, Row } from '../../host/database.ts';
import type { Digest } from '../../spec/content.ts';
import { isDigest } from '../../spec/digest.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS images (
  id TEXT PRIMARY KEY,
  manifest TEXT NOT NULL,
  manifest_type TEXT NOT NULL,
  manifest_size INTEGER NOT NULL,
  image_index TEXT,
  created_ms INTEGER NOT NULL,
  tagged_ms INTEGER NOT NULL,
  removed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS image_names (
  name TEXT PRIMARY KEY,
  image TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS image_names_image ON image_names(image);
CREATE TABLE IF NOT EXISTS image_platforms (
  name TEXT NOT NULL,
  image TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  PRIMARY KEY (name, image)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS name_indexes (
  name TEXT PRIMARY KEY,
  image_index TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS image_platforms_image ON image_platforms(image);
CREATE TABLE IF NOT EXISTS image_layers (
  image TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  diff_id TEXT NOT NULL,
  blob TEXT NOT NULL,
  blob_type TEXT NOT NULL,
  blob_size INTEGER NOT NULL,
  PRIMARY KEY (image, position)
) STRICT, WITHOUT ROWID;`;

export interface LayerRow {
  diffId: Digest;
  blob: Digest;
  blobType: string;
  blobSize: number;
}

export interface ImageRow {
  /** Digest of the configuration. */
  id: Digest;
  manifest: Digest;
  manifestType: string;
  manifestSize: number;
  /** The index through which the image was pulled. */
  index: Digest | undefined;
  createdMs: number;
  /** When a name was last given to it, or it was stored. */
  taggedMs: number;
  /** Removed by the user, kept because a container uses it. */
  removed: boolean;
  /** Bottom first. */
  layers: LayerRow[];
}

/** Other platforms of a name, and the index that it stands for. */
export interface NameMore {
  others?: readonly string[];
  index?: Digest | undefined;
}

export class ImageRecords {
  readonly #database: Database;

  constructor(database: Database) {
    database.schema(SCHEMA);
    this.#database = database;
  }

  put(row: Omit<ImageRow, 'removed'>): void {
    const { id, manifest, manifestType, manifestSize, index, createdMs, taggedMs, layers } = row;
    this.#database.transaction(() => {
      this.#database.run(
        `INSERT INTO images (id, manifest, manifest_type, manifest_size, image_index, created_ms, tagged_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET manifest = excluded.manifest,
         manifest_type = excluded.manifest_type, manifest_size = excluded.manifest_size,
         image_index = excluded.image_index, removed = 0`,
        id,
        manifest,
        manifestType,
        manifestSize,
        index ?? null,
        createdMs,
        taggedMs,
      );
      this.#database.run('DELETE FROM image_layers WHERE image = ?', id);
      for (const [position, layer] of layers.entries()) {
        this.#database.run(
          'INSERT INTO image_layers (image, position, diff_id, blob, blob_type, blob_size) VALUES (?, ?, ?, ?, ?, ?)',
          id,
          position,
          layer.diffId,
          layer.blob,
          layer.blobType,
          layer.blobSize,
        );
      }
    });
  }

  get(id: string): ImageRow | undefined {
    const row = this.#database.get('SELECT * FROM images WHERE id = ?', id);
    return row && this.#image(row);
  }

  /** Every image that was not removed, newest first. */
  list(): ImageRow[] {
    return this.#database
      .all('SELECT * FROM images WHERE removed = 0 ORDER BY created_ms DESC, id')
      .map((row) => this.#image(row));
  }

  /** Images that only containers keep. */
  removed(): ImageRow[] {
    return this.#database
      .all('SELECT * FROM images WHERE removed = 1')
      .map((row) => this.#image(row));
  }

  /** At most two ids that begin with `hex` after the algorithm: two mean it is ambiguous. */
  idsByPrefix(hex: string): string[] {
    return this.#database
      .all(
        'SELECT id FROM images WHERE removed = 0 AND id >= ? AND id < ? LIMIT 2',
        `sha256:${hex}`,
        `sha256:${hex}g`,
      )
      .map((row) => text(row, 'id'));
  }

  idByManifest(digest: string): string | undefined {
    const row = this.#database.get(
      'SELECT id FROM images WHERE removed = 0 AND (manifest = ? OR image_index = ?) LIMIT 1',
      digest,
      digest,
    );
    return row && text(row, 'id');
  }

  idByName(name: string): string | undefined {
    const row = this.#database.get('SELECT image FROM image_names WHERE name = ?', name);
    return row && text(row, 'image');
  }

  /** Complete names, `docker.io/library/alpine:3` and `docker.io/library/alpine@sha256:…`, in order. */
  names(id: string): string[] {
    return this.#database
      .all(
        'SELECT name FROM image_names WHERE image = ? UNION SELECT name FROM image_platforms WHERE image = ? ORDER BY name',
        id,
        id,
      )
      .map((row) => text(row, 'name'));
  }

  /** Images that the name stands for on other platforms than the one of `idByName`. */
  others(name: string): string[] {
    return this.#database
      .all('SELECT image FROM image_platforms WHERE name = ? ORDER BY image', name)
      .map((row) => text(row, 'image'));
  }

  /** The index that the name stands for. */
  indexOfName(name: string): Digest | undefined {
    const row = this.#database.get('SELECT image_index FROM name_indexes WHERE name = ?', name);
    return row && digest(row, 'image_index');
  }

  /** Of all names. */
  indexes(): Digest[] {
    return this.#database
      .all('SELECT DISTINCT image_index FROM name_indexes')
      .map((row) => digest(row, 'image_index'));
  }

  /** Gives the name to the image and, for other platforms, to the others; nobody else keeps it. */
  setName(name: string, id: string, nowMs: number, more: NameMore = {}): void {
    const { others = [], index } = more;
    this.#database.transaction(() => {
      this.removeName(name);
      this.#database.run('INSERT INTO image_names (name, image) VALUES (?, ?)', name, id);
      if (index !== undefined) {
        const sql = 'INSERT INTO name_indexes (name, image_index) VALUES (?, ?)';
        this.#database.run(sql, name, index);
      }
      for (const other of others) {
        this.#database.run('INSERT INTO image_platforms (name, image) VALUES (?, ?)', name, other);
      }
      for (const each of [id, ...others]) {
        this.#database.run(
          'UPDATE images SET tagged_ms = ?, removed = 0 WHERE id = ?',
          nowMs,
          each,
        );
      }
    });
  }

  /** For all platforms. */
  removeName(name: string): void {
    this.#database.transaction(() => {
      this.#database.run('DELETE FROM image_names WHERE name = ?', name);
      this.#database.run('DELETE FROM image_platforms WHERE name = ?', name);
      this.#database.run('DELETE FROM name_indexes WHERE name = ?', name);
    });
  }

  /** Takes the name from one image; another platform's, if there is one, keeps it. */
  takeName(name: string, id: string): void {
    const all = [this.idByName(name) ?? id, ...this.others(name)];
    const [next, ...others] = all.filter((each) => each !== id);
    if (next === undefined) this.removeName(name);
    else
      this.setName(name, next, this.get(next)?.taggedMs ?? 0, {
        others,
        index: this.indexOfName(name),
      });
  }

  markRemoved(id: string): void {
    this.#database.transaction(() => {
      for (const name of this.names(id)) this.takeName(name, id);
      this.#database.run('UPDATE images SET removed = 1 WHERE id = ?', id);
    });
  }

  delete(id: string): void {
    this.#database.run('DELETE FROM images WHERE id = ?', id);
  }

  #image(row: Row): ImageRow {
    const id = digest(row, 'id');
    return {
      id,
      manifest: digest(row, 'manifest'),
      manifestType: text(row, 'manifest_type'),
      manifestSize: count(row, 'manifest_size'),
      index: row.image_index === null ? undefined : digest(row, 'image_index'),
      createdMs: count(row, 'created_ms'),
      taggedMs: count(row, 'tagged_ms'),
      removed: count(row, 'removed') === 1,
      layers: this.#layers(id),
    };
  }

  #layers(id: string): LayerRow[] {
    return this.#database
      .all('SELECT * FROM image_layers WHERE image = ? ORDER BY position', id)
      .map((row) => ({
        diffId: digest(row, 'diff_id'),
        blob: digest(row, 'blob'),
        blobType: text(row, 'blob_type'),
        blobSize: count(row, 'blob_size'),
      }));
  }
}

function text(row: Row, column: string): string {
  const value = row[column];
  assert(typeof value === 'string', `column ${column} is text`);
  return value;
}

function count(row: Row, column: string): number {
  const value = row[column];
  assert(typeof value === 'number', `column ${column} is a number`);
  return value;
}

function digest(row: Row, column: string): Digest {
  const value = text(row, column);
  assert(isDigest(value), `column ${column} is a digest`);
  return value;
}
