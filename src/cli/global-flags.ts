/** Flags before the command. */

import type { FlagSpec } from './flags/spec.ts';

export const globalFlags: readonly FlagSpec[] = [
  { name: 'debug', short: 'D', kind: 'bool', help: 'Show where an error came from' },
  { name: 'host', short: 'H', kind: 'string', help: 'Engine socket to connect to (unix:///path)' },
  { name: 'version', short: 'v', kind: 'bool', help: 'Print version information and quit' },
];
