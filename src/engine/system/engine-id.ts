/** The engine's own identifier, which stays with its data root. */

import { randomUUID } from 'node:crypto';
import type { Database } from '../../host/database.ts';

const SCHEMA = 'CREATE TABLE IF NOT EXISTS engine (id TEXT PRIMARY KEY) STRICT';

export function engineId(database: Database): string {
  database.schema(SCHEMA);
  const known = database.get('SELECT id FROM engine');
  if (known !== undefined) return String(known.id);
  const id = randomUUID();
  database.run('INSERT INTO engine (id) VALUES (?)', id);
  return id;
}
