/** Small files of procfs, sysfs and cgroupfs: read whole, absence is not an error. */

import { readFileSync } from 'node:fs';
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
