/** The help of a command, from its tables. */

import type { Command } from '../command.ts';
import { type FlagSpec, flagKinds } from './spec.ts';

const WIDTH = 80;
const MIN_TEXT = 24;

/** `names`: every way to call the command, the one used first. */
export function commandHelp(command: Command, names: readonly string[]): string {
  const [name = ''] = names;
  const parts = [usageLine(name, command), '', command.summary];
  if (names.length > 1) parts.push('', 'Aliases:', `  ${[...names].sort().join(', ')}`);
  const shown = command.flags.filter((flag) => flag.hidden !== true);
  if (shown.length > 0) parts.push('', 'Options:', flagHelp(shown));
  return `${parts.join('\n')}\n`;
}

export function usageLine(name: string, command: Command): string {
  return `Usage:  ${name} ${command.usage}`.trimEnd();
}

export function flagHelp(flags: readonly FlagSpec[]): string {
  const rows = [...flags]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((flag) => ({ left: leftColumn(flag), text: description(flag) }));
  const column = Math.max(...rows.map((row) => row.left.length)) + 3;
  return rows.map((row) => row.left.padEnd(column) + wrap(row.text, column)).join('\n');
}

function leftColumn(flag: FlagSpec): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  const label = flag.label ?? flagKinds[flag.kind].label;
  return `  ${short}--${flag.name}${label === '' ? '' : ` ${label}`}`;
}

function description(flag: FlagSpec): string {
  if (flag.fallback === undefined) return flag.help;
  const shown = flag.kind === 'string' ? JSON.stringify(flag.fallback) : flag.fallback;
  return `${flag.help} (default ${shown})`;
}

/** Breaks at spaces; later lines are indented to the column. */
function wrap(text: string, column: number): string {
  const width = Math.max(WIDTH - column, MIN_TEXT);
  const indent = `\n${' '.repeat(column)}`;
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, width))
    .join(indent);
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const end = space > 0 ? space : rest.indexOf(' ');
    if (end <= 0) break;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end + 1);
  }
  return [...lines, rest];
}
