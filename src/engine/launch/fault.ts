/** `TIFFIN_FAULT=N` or `N:errno` in the engine's environment makes step N of every launch fail: for tests. */

import type { Fault } from '../../plan/encode.ts';

/** linux/errno.h */
const EIO = 5;

export function injectedFault(environment: NodeJS.ProcessEnv = process.env): Fault | undefined {
  const text = environment.TIFFIN_FAULT;
  if (text === undefined || text === '') return undefined;
  const match = /^([0-9]{1,5})(?::([0-9]{1,4}))?$/.exec(text);
  if (match === null) return undefined;
  return { index: Number(match[1]), errno: Number(match[2] ?? EIO) };
}
