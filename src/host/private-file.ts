/** A file for its owner alone, whatever the umask and whatever made it before. */

import { chmodSync, closeSync, openSync } from 'node:fs';
import { errnoName } from '../base/errors.ts';

/**
 * Makes `path` an empty file of mode 0600, or sets the mode of the file that is there. Never opens one that is there:
 * closing it would let go of the record locks that this process holds on it (fcntl(2)).
 */
export function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (cause) {
    if (errnoName(cause) !== 'EEXIST') throw cause;
    chmodSync(path, 0o600);
  }
}
