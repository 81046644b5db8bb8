/** Small files of procfs, sysfs and cgroupfs: each read whole and written in one write(2). */

import { closeSync, constants, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { errnoName } from '../base/errors.ts';

/** Gone files, gone processes, and controllers that are not enabled. */
const ABSENT = new Set(['ENOENT', 'ESRCH', 'ENODEV', 'ENOTDIR']);

/** The text, or undefined when there is no such file (any more). Other errors are thrown. */
export function readKernelText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (ABSENT.has(errnoName(error) ?? '')) return undefined;
    throw error;
  }
}

/** Names of the directories in a directory; none when it is gone. */
export function kernelDirectories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if (ABSENT.has(errnoName(error) ?? '')) return [];
    throw error;
  }
}

/** Writes to an existing file. Throws the system error. */
export function writeKernelFile(path: string, data: string | Uint8Array): void {
  // Without O_TRUNC, which some of these files refuse.
  const file = openSync(path, constants.O_WRONLY);
  try {
    writeSync(file, typeof data === 'string' ? new TextEncoder().encode(data) : data);
  } finally {
    closeSync(file);
  }
}

/** Names of everything in a directory; none when it is gone. */
export function kernelNames(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (ABSENT.has(errnoName(error) ?? '')) return [];
    throw error;
  }
}
