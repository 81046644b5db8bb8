/** `tiffin help`: all commands, one group, one command or one topic. Loads every command, which help may take the time for. */

import { absentCommands } from './absent-commands.ts';
import { CliError } from './command.ts';
import { type CommandEntry, commands, findCommand, groups } from './commands.ts';
import { commandHelp, flagHelp } from './flags/help.ts';
import { globalFlags } from './global-flags.ts';
import type { Output } from './streams/output.ts';
import { topics } from './topics/index.ts';

export async function printHelp(words: readonly string[], out: Output): Promise<number> {
  const [first, second] = words;
  if (first === undefined) return print(out, await topHelp());
  if (groups.has(first) && second === undefined) return print(out, await groupHelp(first));
  const topic = topics.find((one) => one.name === first);
  if (topic !== undefined) return print(out, await topic.load());
  const name = groups.has(first) ? `${first} ${second}` : first;
  const entry = findCommand(name);
  if (entry === undefined) throw new CliError(`unknown help topic: ${words.join(' ')}`);
  const others = entry.names.filter((other) => other !== name);
  const names = [name, ...others].map((word) => `tiffin ${word}`);
  return print(out, commandHelp(await entry.load(), names));
}

export function unknownCommandText(name: string): string {
  const [group, word] = name.split(' ');
  const inGroup = group !== undefined && word !== undefined;
  const lines = [`tiffin: unknown command: tiffin ${name}`, ''];
  const reason = absentCommands.get(name);
  const meant = reason === undefined ? closest(name) : [];
  if (reason !== undefined) lines.push(reason, '');
  if (inGroup) lines.push(`Usage:  tiffin ${group}`, '');
  if (meant.length > 0)
    lines.push('Did you mean this?', ...meant.map((one) => `  tiffin ${one}`), '');
  lines.push(`Run 'tiffin ${inGroup ? `${group} ` : ''}--help' for more information`);
  return lines.join('\n');
}

function print(out: Output, text: string): number {
  out.print(text);
  return 0;
}

async function topHelp(): Promise<string> {
  const top = commands.filter((entry) => entry.hidden !== true && !entry.names[0].includes(' '));
  const everyday = top.filter((entry) => entry.everyday === true);
  const others = top.filter((entry) => entry.everyday !== true);
  const parts = [
    'Usage:  tiffin [OPTIONS] COMMAND',
    '',
    'A container engine and OCI runtime in one binary',
    '',
    'Common Commands:',
    ...(await summaries(everyday, '')),
    '',
    'Management Commands:',
    ...[...groups].map(([name, summary]) => `  ${name.padEnd(11)} ${summary}`),
    '',
    'Commands:',
    ...(await summaries(others, '')),
    `  ${'oci'.padEnd(11)} The OCI runtime command line (create, start, state, kill, delete ...)`,
    '',
    'Global Options:',
    flagHelp(globalFlags.filter((flag) => flag.hidden !== true)),
    '',
    'Help Topics:',
    ...topics.map(({ name, summary }) => `  ${name.padEnd(11)} ${summary}`),
    '',
    "Run 'tiffin COMMAND --help' for more information on a command, 'tiffin help TOPIC' for a topic.",
  ];
  return `${parts.join('\n')}\n`;
}

async function groupHelp(group: string): Promise<string> {
  const members = commands.filter(
    (entry) => entry.hidden !== true && nameIn(entry, group) !== undefined,
  );
  const parts = [
    `Usage:  tiffin ${group} COMMAND`,
    '',
    groups.get(group) ?? '',
    '',
    'Commands:',
    ...(await summaries(members, group)),
    '',
    `Run 'tiffin ${group} COMMAND --help' for more information on a command.`,
  ];
  return `${parts.join('\n')}\n`;
}

async function summaries(entries: readonly CommandEntry[], group: string): Promise<string[]> {
  const rows = await Promise.all(
    entries.map(async (entry) => ({
      name: nameIn(entry, group) ?? entry.names[0],
      summary: (await entry.load()).summary,
    })),
  );
  if (group !== '') rows.sort((a, b) => (a.name < b.name ? -1 : 1));
  return rows.map(({ name, summary }) => `  ${name.padEnd(11)} ${summary}`);
}

/** The command's first name inside a group; without a group, its main name. */
function nameIn(entry: CommandEntry, group: string): string | undefined {
  if (group === '') return entry.names[0];
  return entry.names.find((name) => name.startsWith(`${group} `))?.slice(group.length + 1);
}

function closest(name: string): string[] {
  const names = [...commands.flatMap((entry) => entry.names), ...groups.keys()];
  const word = name.split(' ').at(-1) ?? '';
  const near = names.filter((other) => editDistance(name, other) <= (word.length > 3 ? 2 : 1));
  return near.sort((a, b) => editDistance(name, a) - editDistance(name, b)).slice(0, 3);
}

/** Insertions, deletions, replacements; neighbours exchanged count as one. */
export function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  const table = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  const at = (i: number, j: number) => table[i]?.[j] ?? j;
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (same ? 0 : 1));
      const row = table[i];
      if (row !== undefined) row[j] = swapped ? Math.min(best, at(i - 2, j - 2) + 1) : best;
    }
  }
  return at(a.length, b.length);
}
