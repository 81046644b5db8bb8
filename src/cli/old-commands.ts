/** Commands as docker called them in its first years. They run with docker's warning, and are in no help. */

import { deprecationWarning } from './flags/old-spelling.ts';

const OLD: ReadonlyMap<string, string> = new Map([
  ['daemon', 'serve'],
  ['rmimage', 'rmi'],
]);
const DAEMON_FLAGS: ReadonlySet<string> = new Set(['-d', '--daemon']);

export interface OldCommand {
  /** As it is typed today. */
  argv: string[];
  warning: string;
}

/** `args`: the command and what follows it. */
export function readOldCommand(args: readonly string[]): OldCommand | undefined {
  const [first = '', ...rest] = args;
  const today = OLD.get(first);
  if (today === undefined) return undefined;
  return { argv: [today, ...rest], warning: deprecationWarning(first, today) };
}

/** `docker -H fd:// -d -g /data` started the engine: it had no command, and all flags were its own. */
export function readDaemonFlag(argv: readonly string[]): OldCommand | undefined {
  const at = argv.findIndex((word) => DAEMON_FLAGS.has(word));
  const word = argv[at];
  if (word === undefined) return undefined;
  const warning = deprecationWarning(word, 'tiffin serve');
  return { argv: ['serve', ...argv.slice(0, at), ...argv.slice(at + 1)], warning };
}
