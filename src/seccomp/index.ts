/** System call filters: compiling a profile, and Tiffin's own default profile. */

import type { LinuxSeccomp } from '../spec/runtime/seccomp.ts';
import type { NativeArchitecture } from './architectures.ts';
import { type CompiledSeccomp, compileProfile } from './compile.ts';

export { type NativeArchitecture, nativeArchitecture } from './architectures.ts';
export type { CompiledSeccomp } from './compile.ts';
export { defaultProfile } from './default-profile.ts';

const compiled = new WeakMap<LinuxSeccomp, Map<NativeArchitecture, CompiledSeccomp>>();

/** The filter of a profile, kept as long as the profile object, which must not be changed afterwards. */
export function compileSeccomp(profile: LinuxSeccomp, native: NativeArchitecture): CompiledSeccomp {
  let known = compiled.get(profile);
  if (known === undefined) {
    known = new Map();
    compiled.set(profile, known);
  }
  let result = known.get(native);
  if (result === undefined) {
    result = compileProfile(profile, native);
    known.set(native, result);
  }
  return result;
}
