/** The texts of `--help` and `--version`. */

import { version } from '../../../package.json';
import { type FlagTable, usage } from './flags.ts';
import { FLAG_WORDS } from './help-words.ts';
import { GLOBALS, TABLES, type VerbName } from './tables.ts';

export const VERSION = `tiffin version ${version}\nspec: 1.3.0\n`;

/** Arguments and one line of each verb. */
const VERB_WORDS: Readonly<Record<VerbName, readonly [args: string, words: string]>> = {
  create: ['<id> [bundle or config.json]', 'set a container up; its program waits for start'],
  start: ['<id>', 'run the program of a created container'],
  run: ['<id>', "create and start; in the foreground ends with the container's status"],
  exec: ['<id> <command> [arguments]', 'one more process in a running container'],
  state: ['<id>', 'its state document'],
  kill: ['<id> [signal]', 'send a signal, SIGTERM unless given'],
  delete: ['<id>', 'remove a stopped container'],
  list: ['', 'the containers of this root'],
  ps: ['<id> [ps options]', 'the processes of a container'],
  events: ['<id>', 'statistics and out-of-memory notices as lines of JSON'],
  pause: ['<id>', 'stop all processes where they are'],
  resume: ['<id>', 'let them go on'],
  update: ['<id>', 'change limits of a running container'],
  checkpoint: ['<id>', 'save a running container to files, by CRIU'],
  restore: ['<id>', 'let a saved container go on, by CRIU'],
  spec: ['', 'write a config.json to start from'],
  features: ['', 'what this runtime can do, as JSON'],
};

export const HELP = `Usage: tiffin oci [global options] <command> [options] [arguments]

An OCI runtime: runs bundles as the runtime specification 1.3.0 says.

Commands (tiffin oci <command> --help shows the options of each):
${columns(verbRows())}

Global options:
${columns(flagRows(GLOBALS))}
`;

/** Of one verb, or of all without a name. */
export function helpText(name: string | undefined): string {
  if (name === undefined) return HELP;
  if (!isVerb(name)) throw usage(`no such command: ${name}`);
  const [args, words] = VERB_WORDS[name];
  const line = `Usage: tiffin oci ${name} [options] ${args}`.trimEnd();
  return `${line}\n\n${words}\n\nOptions:\n${columns(flagRows(TABLES[name]))}\n`;
}

function isVerb(name: string): name is VerbName {
  return Object.hasOwn(VERB_WORDS, name);
}

function verbRows(): [string, string][] {
  return Object.entries(VERB_WORDS).map(([name, [args, words]]) => [`${name} ${args}`, words]);
}

function flagRows(table: FlagTable): [string, string][] {
  const rows = Object.entries(table.flags).map(([name, kind]): [string, string] => {
    const letter = Object.entries(table.short ?? {}).find(([, long]) => long === name)?.[0];
    const value = kind === 'switch' ? '' : ' VALUE';
    return [
      `${letter === undefined ? '    ' : `-${letter}, `}--${name}${value}`,
      FLAG_WORDS[name] ?? '',
    ];
  });
  return [...rows, ['-h, --help', 'this text']];
}

function columns(rows: readonly [string, string][]): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`.trimEnd()).join('\n');
}
