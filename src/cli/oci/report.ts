/** How an error of the OCI command line is told: on standard error, and to the caller's log in runc's form. */

import { appendFileSync, writeSync } from 'node:fs';
import { errorMessage, TiffinError } from '../../base/errors.ts';

export interface LogTarget {
  file: string | undefined;
  format: 'text' | 'json';
}

const STDERR = 2;

export function reportError(error: unknown, log: LogTarget): void {
  const message = errorMessage(error);
  const hint = error instanceof TiffinError && error.hint !== undefined ? `\n  ${error.hint}` : '';
  writeSync(STDERR, `tiffin: ${message}${hint}\n`);
  writeLog(log, 'error', message);
}

export function writeLog(log: LogTarget, level: 'error' | 'warning', message: string): void {
  if (log.file === undefined) return;
  const time = new Date().toISOString();
  const line =
    log.format === 'json'
      ? JSON.stringify({ level, msg: message, time })
      : `time=${JSON.stringify(time)} level=${level} msg=${JSON.stringify(message)}`;
  try {
    appendFileSync(log.file, `${line}\n`);
  } catch (error) {
    writeSync(STDERR, `tiffin: ${log.file}: ${errorMessage(error)}\n`);
  }
}
