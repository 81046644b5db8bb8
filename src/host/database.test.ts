import { afterAll, expect, test } from 'bun:test';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from './database.ts';

const directory = mkdtempSync(join(tmpdir(), 'tiffin-database-'));
afterAll(() => rmSync(directory, { recursive: true }));

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

test.each([
  ['a new one', () => undefined],
  [
    'one that was made with 0644',
    (path: string) => {
      writeFileSync(path, '');
      chmodSync(path, 0o644);
    },
  ],
])("openDatabase makes the file and SQLite's own beside it private: %s", (name, prepare) => {
  const path = join(directory, `${name}.db`);
  prepare(path);
  using database = openDatabase(path);
  database.schema('CREATE TABLE t (a)');
  expect(['', '-wal', '-shm'].map((suffix) => mode(path + suffix))).toEqual(['600', '600', '600']);
});
