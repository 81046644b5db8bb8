/** What the specification knows and this runtime does not do: refused by name rather than silently lost. */

import { TiffinError } from '../base/errors.ts';
import type { RuntimeSpec } from '../spec/runtime/index.ts';

const FIELDS: readonly (readonly [path: string, present: (spec: RuntimeSpec) => unknown])[] = [
  ['process.scheduler', (spec) => spec.process?.scheduler],
  ['process.ioPriority', (spec) => spec.process?.ioPriority],
  ['process.execCPUAffinity', (spec) => spec.process?.execCPUAffinity],
  ['linux.intelRdt', (spec) => spec.linux?.intelRdt],
  ['linux.memoryPolicy', (spec) => spec.linux?.memoryPolicy],
  ['linux.netDevices', (spec) => spec.linux?.netDevices],
];

/** @throws TiffinError `unsupported`, with the field's path. */
export function refuseUnsupported(spec: RuntimeSpec): void {
  for (const [path, present] of FIELDS) {
    if (present(spec) !== undefined) {
      throw new TiffinError('unsupported', 'unsupported-field', `${path}: not supported`);
    }
  }
}
