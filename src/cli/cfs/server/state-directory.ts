/** Where a server keeps its history. */

import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { FlagSpec } from '../../flags/spec.ts';
import type { FlagValues } from '../../flags/values.ts';

export const stateFlag: FlagSpec = {
  name: 'state',
  kind: 'string',
  label: 'directory',
  help: 'Where the history is kept (default $CFS_STATE, else "/var/lib/tiffin-cfs", for others than root a place in the home directory)',
};

export function stateDirectory(flags: FlagValues): string {
  return directoryOrDefault(flags.text('state'));
}

/** Empty: none was given. */
export function directoryOrDefault(given: string): string {
  return resolve(given || process.env.CFS_STATE || defaultDirectory());
}

/** XDG Base Directory Specification. */
function defaultDirectory(): string {
  if (process.geteuid?.() === 0) return '/var/lib/tiffin-cfs';
  const state = process.env.XDG_STATE_HOME || `${homedir()}/.local/state`;
  return `${state}/tiffin-cfs`;
}
