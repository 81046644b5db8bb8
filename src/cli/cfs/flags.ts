/** Flags that `cfs run` and `cfs server` share. */

import type { FlagSpec } from '../flags/spec.ts';
import type { FlagValues } from '../flags/values.ts';

export const imagesFlag: FlagSpec = {
  name: 'images',
  kind: 'string',
  help: 'Folder of root file systems (default $CFS_IMAGES, else "./OSimages")',
};

const DEFAULT_FOLDER = './OSimages';

export function imagesFolder(flags: FlagValues): string {
  return folderOrDefault(flags.text('images'));
}

/** Empty: none was given. */
export function folderOrDefault(given: string): string {
  return given || process.env.CFS_IMAGES || DEFAULT_FOLDER;
}
