/** What the flags before the command ask for, checked as docker checks them. */

import { CliError } from './command.ts';
import type { FlagValues } from './flags/values.ts';

export interface Globals {
  debug: boolean;
  /** As in `-H`; undefined: not given. */
  host: string | undefined;
  /** As in `--context`; undefined: not given. */
  context: string | undefined;
}

const LOG_LEVELS = new Set([
  'trace',
  'debug',
  'info',
  'warn',
  'warning',
  'error',
  'fatal',
  'panic',
]);
const TLS_FLAGS = ['tls', 'tlsverify', 'tlscacert', 'tlscert', 'tlskey'];

/** Sets DOCKER_CONFIG for `--config`: credential helpers and compose, which we start, look there too. */
export function readGlobals(flags: FlagValues): Globals {
  const level = flags.text('log-level');
  if (!LOG_LEVELS.has(level.toLowerCase())) {
    throw new CliError(`Unable to parse logging level: ${level}`);
  }
  const tls = TLS_FLAGS.find((name) => flags.has(name) && flags.given(name) !== false);
  if (tls !== undefined) {
    throw new CliError(
      `--${tls} has no use here: Tiffin's own commands speak to a unix socket; the docker client speaks TLS, too`,
    );
  }
  const hosts = flags.list('host');
  if (hosts.length > 1) throw new CliError('Specify only one -H');
  if (flags.has('config')) process.env.DOCKER_CONFIG = flags.text('config');
  const host = hosts[0] || undefined;
  const context = flags.text('context') || undefined;
  if (host !== undefined && context !== undefined) {
    throw new CliError('conflicting options: cannot specify both --host and --context');
  }
  return { debug: flags.bool('debug') || level.toLowerCase() === 'debug', host, context };
}
