/** Flags before the command. */

import type { FlagSpec } from './flags/spec.ts';

export const globalFlags: readonly FlagSpec[] = [
  {
    name: 'config',
    kind: 'string',
    help: 'Location of client config files (default "~/.docker")',
  },
  {
    name: 'context',
    short: 'c',
    kind: 'string',
    help: 'Name of the context to use to connect to the engine (overrides DOCKER_HOST env var and default context set with "tiffin context use")',
  },
  {
    name: 'debug',
    short: 'D',
    kind: 'bool',
    help: 'Enable debug mode: show where an error came from',
  },
  {
    name: 'host',
    short: 'H',
    kind: 'list',
    help: 'Engine socket to connect to (unix:///path)',
  },
  {
    name: 'log-level',
    short: 'l',
    kind: 'string',
    help: 'Set the logging level ("debug", "info", "warn", "error", "fatal")',
    fallback: 'info',
  },
  { name: 'version', short: 'v', kind: 'bool', help: 'Print version information and quit' },
  { name: 'tls', kind: 'bool', help: 'Refused: commands speak to a unix socket', hidden: true },
  { name: 'tlsverify', kind: 'bool', help: 'Refused, as --tls', hidden: true },
  { name: 'tlscacert', kind: 'string', help: 'Refused, as --tls', hidden: true },
  { name: 'tlscert', kind: 'string', help: 'Refused, as --tls', hidden: true },
  { name: 'tlskey', kind: 'string', help: 'Refused, as --tls', hidden: true },
];
