/** The file that tells scripts which process is the engine. */

import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { errorMessage, TiffinError } from '../base/errors.ts';

export class PidFile implements Disposable {
  readonly #path: string | undefined;

  private constructor(path: string | undefined) {
    this.#path = path;
  }

  /** Undefined: no file. Throws `conflict` when a process that lives is named in it already, `invalid` when it cannot be written. */
  static write(path: string | undefined): PidFile {
    if (path === undefined) return new PidFile(path);
    const pid = /^[0-9]{1,10}\s*$/.test(read(path)) ? Number(read(path)) : 0;
    if (pid !== 0 && pid !== process.pid && read(`/proc/${pid}/comm`) !== '') {
      const message = `pid file found, ensure Tiffin is not running or delete ${path} (process ${pid})`;
      throw new TiffinError('conflict', 'pid-file', message);
    }
    try {
      writeFileSync(path, String(process.pid), { mode: 0o644 });
    } catch (cause) {
      const message = `cannot write the pid file: ${errorMessage(cause)}`;
      throw new TiffinError('invalid', 'pid-file', message, { cause });
    }
    return new PidFile(path);
  }

  /** Another engine's file stays. */
  [Symbol.dispose](): void {
    if (this.#path !== undefined && read(this.#path) === String(process.pid))
      unlinkSync(this.#path);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
