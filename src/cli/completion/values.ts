/** What may follow a flag or stand as an operand. */

import type { FlagSpec } from '../flags/spec.ts';

/** Names that the engine, or the client's configuration, is asked for; `files` are left to the shell. */
export type Source =
  | 'containers'
  | 'running'
  | 'images'
  | 'networks'
  | 'volumes'
  | 'contexts'
  | 'files';

export type Values = Source | readonly string[];

const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGKILL', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'];
const PULLS = ['always', 'missing', 'never'];

const FLAG_VALUES: ReadonlyMap<string, Values> = new Map<string, Values>([
  ['attach', ['stdin', 'stdout', 'stderr']],
  ['cgroupns', ['host', 'private']],
  ['context', 'contexts'],
  ['format', ['json', 'table']],
  ['from', 'contexts'],
  ['ipc', ['host', 'none', 'private', 'shareable']],
  ['link', 'containers'],
  ['log-driver', ['json-file', 'local', 'none', 'journald', 'syslog']],
  ['log-level', ['debug', 'info', 'warn', 'error', 'fatal']],
  ['net', 'networks'],
  ['network', 'networks'],
  ['pid', ['host']],
  ['platform', ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/386', 'linux/riscv64']],
  ['progress', ['auto', 'plain', 'tty', 'quiet']],
  ['pull', PULLS],
  ['restart', ['always', 'no', 'on-failure', 'unless-stopped']],
  ['signal', SIGNALS],
  ['stop-signal', SIGNALS],
  ['type', ['container', 'image', 'network', 'volume']],
  ['userns', ['host', 'private']],
  ['uts', ['host']],
  ['volume', 'volumes'],
  ['volumes-from', 'containers'],
]);

/** A flag whose values are not known takes a file, or any text: the shell offers files. */
export function flagValues(flag: FlagSpec): Values {
  return FLAG_VALUES.get(flag.name) ?? (flag.kind === 'bool' ? ['false', 'true'] : 'files');
}

const RUNNING = new Set(['exec', 'attach', 'kill', 'stop', 'pause', 'top', 'stats', 'unpause']);
const NAMES_A_NEW_ONE = new Set([
  'network create',
  'volume create',
  'context create',
  'context import',
]);

/** Words of a usage line, the first that fits. */
const OPERANDS: readonly [RegExp, Source][] = [
  [/^(?:CONTAINER|NAME\|ID)/, 'containers'],
  [/^(?:IMAGE|SOURCE_IMAGE|REPOSITORY|NAME\[:TAG\])/, 'images'],
  [/^NETWORK/, 'networks'],
  [/^VOLUME/, 'volumes'],
  [/^CONTEXT/, 'contexts'],
];

/** What operand number `at` of a command is, by its usage line; the last one repeats where it says so. */
export function operandValues(name: string, usage: string, at: number): Values {
  if (NAMES_A_NEW_ONE.has(name) && at === 0) return [];
  if (name === 'completion') return at === 0 ? ['bash', 'zsh', 'fish'] : [];
  if (name === 'cp') return 'containers';
  const operands = usage
    .split(' ')
    .filter((word) => word !== '[OPTIONS]' && !/^\[?(?:COMMAND|ARG)/.test(word));
  const repeats = operands.at(-1)?.includes('...') === true;
  const word = (operands[at] ?? (repeats ? operands.at(-1) : undefined))?.replace(/^\[/, '');
  if (word === undefined) return [];
  const source = OPERANDS.find(([pattern]) => pattern.test(word))?.[1] ?? 'files';
  return source === 'containers' && RUNNING.has(name) ? 'running' : source;
}
