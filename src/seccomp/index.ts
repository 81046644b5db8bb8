/** System call filters: compiling a profile, and Tiffin's own default profile. */

import type { LinuxSeccomp } from '../spec/runtime/seccomp.ts';
import type { NativeArchitecture } from './architectures.ts';
import { cacheFile, readCached, writeCached } from './cache.ts';
import { type CompiledSeccomp, compileProfile } from './compile.ts';

export { type NativeArchitecture, nativeArchitecture } from './architectures.ts';
export type { CompiledSeccomp } from './compile.ts';
export { defaultProfile } from './default-profile.ts';

const compiled = new WeakMap<LinuxSeccomp, Map<NativeArchitecture, CompiledSeccomp>>();

/**
 * The filter of a profile, kept as long as the profile object, which must not be changed afterwards. With `directory`, a
 * directory that only this user can write to, also kept in a file for the next process.
 */
export function compileSeccomp(
  profile: LinuxSeccomp,
  native: NativeArchitecture,
  directory?: string,
): CompiledSeccomp {
  let known = compiled.get(profile);
  if (known === undefined) {
    known = new Map();
    compiled.set(profile, known);
  }
  let result = known.get(native);
  if (result === undefined) {
    result =
      directory === undefined
        ? compileProfile(profile, native)
        : throughFile(profile, native, directory);
    known.set(native, result);
  }
  return result;
}

function throughFile(
  profile: LinuxSeccomp,
  native: NativeArchitecture,
  directory: string,
): CompiledSeccomp {
  const file = cacheFile(directory, profile, native);
  const cached = readCached(file);
  if (cached !== undefined) return cached;
  const result = compileProfile(profile, native);
  writeCached(file, directory, result);
  return result;
}
