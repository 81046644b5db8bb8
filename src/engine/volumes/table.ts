/** Volumes in the database. */

import type { Database, Row } from '../../host/database.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS volumes (
    name TEXT PRIMARY KEY,
    created TEXT NOT NULL,
    anonymous INTEGER NOT NULL,
    labels TEXT NOT NULL,
    options TEXT NOT NULL
  ) STRICT`;

export interface VolumeRecord {
  name: string;
  /** RFC 3339. */
  created: string;
  /** Made for a container without anybody naming it. */
  anonymous: boolean;
  labels: Record<string, string>;
  options: Record<string, string>;
}

export class VolumeTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
    database.schema(SCHEMA);
  }

  insert(volume: VolumeRecord): void {
    this.#database.run(
      'INSERT INTO volumes (name, created, anonymous, labels, options) VALUES (?, ?, ?, ?, ?)',
      volume.name,
      volume.created,
      volume.anonymous ? 1 : 0,
      JSON.stringify(volume.labels),
      JSON.stringify(volume.options),
    );
  }

  get(name: string): VolumeRecord | undefined {
    const row = this.#database.get('SELECT * FROM volumes WHERE name = ?', name);
    return row === undefined ? undefined : toRecord(row);
  }

  all(): VolumeRecord[] {
    return this.#database.all('SELECT * FROM volumes ORDER BY name').map(toRecord);
  }

  delete(name: string): void {
    this.#database.run('DELETE FROM volumes WHERE name = ?', name);
  }
}

function toRecord(row: Row): VolumeRecord {
  return {
    name: String(row.name),
    created: String(row.created),
    anonymous: row.anonymous === 1,
    labels: texts(row.labels),
    options: texts(row.options),
  };
}

/** Keys are the client's, so the map has no prototype that one of them could reach. */
function texts(json: unknown): Record<string, string> {
  const map: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(JSON.parse(String(json)))) map[key] = String(value);
  return map;
}
