/** All commands with their flags, as completion scripts need them. */

import { commands, groups } from '../commands.ts';
import type { FlagSpec } from '../flags/spec.ts';

export interface CompletionEntry {
  /** `run`, `container ls`. */
  name: string;
  summary: string;
  flags: CompletionFlag[];
  /** What the positionals are; they are asked from the engine. */
  operands: 'containers' | 'running' | 'images' | 'networks' | 'volumes' | 'files' | 'none';
}

export interface CompletionFlag {
  long: string;
  short?: string;
  help: string;
  takesValue: boolean;
}

export async function completionTable(): Promise<CompletionEntry[]> {
  const entries = await Promise.all(
    commands.map(async (entry) => {
      const command = await entry.load();
      return entry.names.map((name) => ({
        name,
        summary: command.summary,
        flags: command.flags.filter((flag) => flag.hidden !== true).map(completionFlag),
        operands: operandsOf(entry.names[0], command.usage),
      }));
    }),
  );
  return entries.flat();
}

/** Words that may stand first. */
export function firstWords(table: readonly CompletionEntry[]): { word: string; help: string }[] {
  const single = table.filter((entry) => !entry.name.includes(' '));
  const words = single.map(({ name, summary }) => ({ word: name, help: summary }));
  const grouped = [...groups].map(([word, help]) => ({ word, help }));
  return [...words, ...grouped].sort((a, b) => (a.word < b.word ? -1 : 1));
}

function completionFlag(flag: FlagSpec): CompletionFlag {
  const [help = ''] = flag.help.split('\n');
  return {
    long: flag.name,
    ...(flag.short === undefined ? {} : { short: flag.short }),
    help,
    takesValue: flag.kind !== 'bool',
  };
}

const RUNNING = new Set(['exec', 'attach', 'kill', 'stop', 'pause', 'top', 'stats']);

function operandsOf(name: string, usage: string): CompletionEntry['operands'] {
  if (RUNNING.has(name)) return 'running';
  if (/CONTAINER|NAME\|ID/.test(usage)) return 'containers';
  if (/IMAGE|REPOSITORY/.test(usage) && name !== 'import') return 'images';
  if (/NETWORK/.test(usage) && name !== 'network create') return 'networks';
  if (/VOLUME/.test(usage) && name !== 'volume create') return 'volumes';
  return name === 'import' ? 'files' : 'none';
}
