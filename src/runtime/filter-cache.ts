/** Compiled system call filters, kept below the runtime's root between two calls of the command line. */

import { join, resolve } from 'node:path';
import { compileSeccomp, nativeArchitecture } from '../seccomp/index.ts';
import type { RuntimeSpec } from '../spec/runtime/index.ts';

/** No container's id can contain `~`. */
const DIRECTORY = 'seccomp~';

/** Compiles the profile of `spec`, or finds it compiled; the planner is then given the result by the profile's identity. */
export function prepareFilter(spec: RuntimeSpec, root: string): void {
  const profile = spec.linux?.seccomp;
  const native = nativeArchitecture();
  if (profile === undefined || native === undefined) return;
  compileSeccomp(profile, native, join(resolve(root), DIRECTORY));
}
