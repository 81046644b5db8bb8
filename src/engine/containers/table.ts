/** Containers in the database: one row each, the definition and the state apart because only the state changes often. */

import type { Database } from '../../host/database.ts';
import type { Definition, RunState } from './record.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS containers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL,
    definition TEXT NOT NULL,
    state TEXT NOT NULL
  ) STRICT`;

export interface StoredContainer {
  definition: Definition;
  state: RunState;
}

export class ContainerTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
    database.schema(SCHEMA);
  }

  insert(definition: Definition, state: RunState): void {
    this.#database.run(
      'INSERT INTO containers (id, name, created_ms, definition, state) VALUES (?, ?, ?, ?, ?)',
      definition.id,
      definition.name,
      Date.parse(definition.created),
      JSON.stringify(definition),
      JSON.stringify(state),
    );
  }

  saveDefinition(definition: Definition): void {
    this.#database.run(
      'UPDATE containers SET name = ?, definition = ? WHERE id = ?',
      definition.name,
      JSON.stringify(definition),
      definition.id,
    );
  }

  saveState(id: string, state: RunState): void {
    this.#database.run('UPDATE containers SET state = ? WHERE id = ?', JSON.stringify(state), id);
  }

  delete(id: string): void {
    this.#database.run('DELETE FROM containers WHERE id = ?', id);
  }

  /** In order of creation. */
  all(): StoredContainer[] {
    const rows = this.#database.all(
      'SELECT definition, state FROM containers ORDER BY created_ms, rowid',
    );
    return rows.map((row) => ({
      // Written by `insert` and `saveDefinition` only.
      definition: JSON.parse(String(row.definition)) as Definition,
      state: JSON.parse(String(row.state)) as RunState,
    }));
  }
}
