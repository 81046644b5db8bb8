/** errno numbers as names and words: errno(3). */

import { getSystemErrorMap } from 'node:util';

/** What the runtime library's own table lacks or words differently from what container users know. */
const WORDS: Readonly<Record<number, readonly [name: string, words: string]>> = {
  17: ['EEXIST', 'file exists'],
  15: ['ENOTBLK', 'block device required'],
  40: ['ELOOP', 'too many levels of symbolic links'],
  16: ['EBUSY', 'device or resource busy'],
  19: ['ENODEV', 'no such device'],
  31: ['EMLINK', 'too many links'],
  61: ['ENODATA', 'no data available'],
  62: ['ETIME', 'timer expired'],
  75: ['EOVERFLOW', 'value too large for defined data type'],
  80: ['ELIBBAD', 'accessing a corrupted shared library'],
  116: ['ESTALE', 'stale file handle'],
  117: ['EUCLEAN', 'structure needs cleaning'],
  122: ['EDQUOT', 'disk quota exceeded'],
};

/** `ENOENT` for 2; a number without a name stays a number. */
export function errnoName(errno: number): string {
  return WORDS[errno]?.[0] ?? getSystemErrorMap().get(-errno)?.[0] ?? `errno ${errno}`;
}

/** `no such file or directory` for 2. */
export function errnoWords(errno: number): string {
  return WORDS[errno]?.[1] ?? getSystemErrorMap().get(-errno)?.[1] ?? `error ${errno}`;
}
