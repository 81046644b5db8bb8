/** How an error of the OCI command line is told: on standard error, and to the caller's log in runc's form. */

import { appendFileSync, writeSync } from 'node:fs';
import { errorMessage, TiffinError } from '../../base/errors.ts';

export interface LogTarget {
  /** Undefined: standard error. */
  file: string | undefined;
  format: 'text' | 'json';
}

export type LogLevel = 'error' | 'warning' | 'debug';

const STDERR = 2;

export function reportError(error: unknown, log: LogTarget): void {
  const message = errorMessage(error);
  // Whoever asks for records on standard error reads them there, and nothing else.
  if (isStderr(log) && log.format === 'json') {
    writeSync(STDERR, logRecord(log.format, 'error', message));
    return;
  }
  const hint = error instanceof TiffinError && error.hint !== undefined ? `\n  ${error.hint}` : '';
  writeSync(STDERR, `tiffin: ${message}${hint}\n`);
  if (!isStderr(log)) writeLog(log, 'error', message);
}

/** With a log, standard error is left to the container, which may have inherited it. */
export function reportWarning(message: string, log: LogTarget): void {
  if (!isStderr(log)) writeLog(log, 'warning', message);
  else if (log.format === 'json') writeSync(STDERR, logRecord('json', 'warning', message));
  else writeSync(STDERR, `tiffin: warning: ${message}\n`);
}

export function writeLog(log: LogTarget, level: LogLevel, message: string): void {
  const record = logRecord(log.format, level, message);
  if (log.file === undefined) {
    if (level === 'debug') writeSync(STDERR, record);
    return;
  }
  try {
    appendFileSync(log.file, record, { mode: 0o644 });
  } catch (error) {
    writeSync(STDERR, `tiffin: ${log.file}: ${errorMessage(error)}\n`);
  }
}

function isStderr({ file }: LogTarget): boolean {
  return file === undefined || file === '/dev/stderr';
}

/** One line; callers take `msg` of the last with level `error`. */
function logRecord(format: LogTarget['format'], level: LogLevel, message: string): string {
  const time = new Date().toISOString();
  return format === 'json'
    ? `${JSON.stringify({ level, msg: message, time })}\n`
    : `time=${JSON.stringify(time)} level=${level} msg=${JSON.stringify(message)}\n`;
}
