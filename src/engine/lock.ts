/** One engine per data root: a lock that the kernel lets go of when its holder dies, however it dies. */

import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { errorMessage, TiffinError } from '../base/errors.ts';
import { makePrivate } from '../host/private-file.ts';

/**
 * Takes the lock on `path` until it is disposed or this process ends. SQLite's exclusive lock is a record lock of
 * fcntl(2), which needs no clean-up after a crash. Throws `conflict` when another engine holds it.
 */
export function lockDataRoot(path: string, dataRoot: string): Disposable {
  makePrivate(path);
  const db = new DatabaseSync(path);
  try {
    db.exec('PRAGMA busy_timeout=0; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (!errorMessage(error).includes('locked')) throw error;
    throw new TiffinError('conflict', 'data-root-taken', taken(path, dataRoot), {
      hint: 'talk to the running engine, stop it, or give this one another --data-root',
      cause: error,
    });
  }
  writeFileSync(holderFile(path), `${process.pid}\n`, { mode: 0o600 });
  return { [Symbol.dispose]: () => db.close() };
}

function taken(path: string, dataRoot: string): string {
  let holder = '';
  try {
    holder = ` (pid ${readFileSync(holderFile(path), 'utf8').trim()})`;
  } catch {
    // The holder has not written its number yet; the message does without.
  }
  return `another engine${holder} uses the data root ${dataRoot}`;
}

function holderFile(path: string): string {
  return `${path}.pid`;
}
