/** Which image was committed from a container of which: Docker's parents and children. Builds leave no images between. */

import { assert } from '../../base/errors.ts';
import type { Database } from '../../host/database.ts';
import type { Digest } from '../../spec/content.ts';
import { isDigest } from '../../spec/digest.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS image_parents (
  image TEXT PRIMARY KEY REFERENCES images(id) ON DELETE CASCADE,
  parent TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS image_parents_parent ON image_parents(parent);`;

export class ImageParents {
  readonly #database: Database;

  /** After the images' own tables. */
  constructor(database: Database) {
    database.schema(SCHEMA);
    this.#database = database;
  }

  set(image: Digest, parent: Digest): void {
    // The same image again: a circle would have no oldest.
    if (image === parent) return;
    const sql = 'INSERT OR REPLACE INTO image_parents (image, parent) VALUES (?, ?)';
    this.#database.run(sql, image, parent);
  }

  /** Undefined for an image that was not made here, and when the parent is no more. */
  of(image: string): Digest | undefined {
    const sql =
      'SELECT parent FROM image_parents JOIN images ON images.id = parent WHERE image = ? AND removed = 0';
    const parent = this.#database.get(sql, image)?.parent;
    if (parent === undefined) return undefined;
    assert(typeof parent === 'string' && isDigest(parent), 'column parent is a digest');
    return parent;
  }

  /** Ids of all images that others were made from. */
  all(): ReadonlySet<string> {
    const sql =
      'SELECT DISTINCT parent FROM image_parents JOIN images ON images.id = image WHERE removed = 0';
    return new Set(this.#database.all(sql).map((row) => String(row.parent)));
  }
}
