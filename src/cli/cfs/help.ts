/** The help of `tiffin cfs`, laid out as cfs laid it out. */

import { commandHelp } from '../flags/help.ts';

/** Of the command line that is answered here, not of Tiffin. */
export const CFS_VERSION = '0.0.2';

const ROWS: readonly (readonly [names: string, words: string])[] = [
  ['run, r', 'run a container with a task'],
  ['server, s', 'Start the REST server for CFS'],
  ['help, h', 'Shows a list of commands or help for one command'],
];

export function cfsHelp(): string {
  const width = Math.max(...ROWS.map(([names]) => names.length)) + 3;
  return [
    'NAME:',
    '   CFS - tiffin cfs <action_command> <OS_image> <command_to_run_inside_the_container>',
    '',
    'USAGE:',
    '   tiffin cfs [global options] command [command options] [arguments...]',
    '',
    'VERSION:',
    `   ${CFS_VERSION}`,
    '',
    'COMMANDS:',
    ...ROWS.map(([names, words]) => `   ${names.padEnd(width)}${words}`),
    '',
    'GLOBAL OPTIONS:',
    '   --help, -h      show help',
    '   --version, -v   print the version',
    '',
  ].join('\n');
}

/** Undefined: there is no such command. */
export async function commandTopic(word: string): Promise<string | undefined> {
  if (word === 'run' || word === 'r') {
    return commandHelp((await import('./run.ts')).cfsRun, ['tiffin cfs run', 'tiffin cfs r']);
  }
  if (word === 'server' || word === 's') {
    const { cfsServer } = await import('./server/command.ts');
    return commandHelp(cfsServer, ['tiffin cfs server', 'tiffin cfs s']);
  }
  return word === 'help' || word === 'h' ? cfsHelp() : undefined;
}
