/** What `tiffin cfs` answers that is neither `run` nor `server`: its help, its version, and words that have had their day. */

import { CliError, type Command, type Invocation } from '../command.ts';
import { CFS_VERSION, cfsHelp, commandTopic } from './help.ts';

const UNKNOWN_STATUS = 3;
const REFUSED_STATUS = 125;

/** Steps of cfs that a user could call by mistake, and what does their work now. */
const SUPERSEDED: ReadonlyMap<string, string> = new Map(
  [
    [
      'newroot',
      'n',
      "cfs newroot is superseded: 'tiffin cfs run' changes the root itself, by pivot_root in a mount namespace",
    ],
    [
      'child',
      'c',
      "cfs child is superseded: 'tiffin cfs run' makes the namespaces itself, and the command is their first process",
    ],
  ].flatMap(([name = '', short = '', text = '']) => [
    [name, text],
    [short, text],
  ]),
);

export const cfs: Command = {
  usage: 'COMMAND',
  summary: 'Run root file systems of a folder (container from scratch)',
  flags: [],
  args: { min: 0 },
  takesAllWords: true,
  run: answer,
};

async function answer({ args, out }: Invocation): Promise<number> {
  const [word, topic] = args;
  if (word === undefined || word === '--help' || word === '-h') return print(out, cfsHelp());
  if (word === '--version' || word === '-v') return print(out, `CFS version ${CFS_VERSION}\n`);
  if (word === 'help' || word === 'h') return print(out, await help(topic));
  const superseded = SUPERSEDED.get(word);
  if (superseded !== undefined) throw new CliError(superseded, REFUSED_STATUS);
  if (word.startsWith('-')) {
    throw new CliError(`Incorrect Usage: unknown flag: ${word}\n\n${cfsHelp()}`, REFUSED_STATUS);
  }
  throw unknown(word);
}

async function help(topic: string | undefined): Promise<string> {
  if (topic === undefined) return cfsHelp();
  const text = await commandTopic(topic);
  if (text === undefined) throw unknown(topic);
  return text;
}

function unknown(word: string): CliError {
  return new CliError(`No help topic for '${word}'`, UNKNOWN_STATUS);
}

function print(out: Invocation['out'], text: string): number {
  out.print(text);
  return 0;
}
