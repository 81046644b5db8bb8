/** What may stand at the cursor of a half-written command line. */

import type { Command } from '../command.ts';
import { commands, findCommand, groups } from '../commands.ts';
import type { FlagSpec } from '../flags/spec.ts';
import { globalFlags } from '../global-flags.ts';
import { topics } from '../topics/index.ts';
import { flagValues, operandValues, type Source, type Values } from './values.ts';

export interface Candidate {
  word: string;
  help: string;
}

export interface Completion {
  candidates: readonly Candidate[];
  /** Names of files fit too; the shell knows them. */
  files: boolean;
}

/** Names of existing objects; what cannot be asked gives none. */
export type Ask = (source: Exclude<Source, 'files'>) => Promise<string[]>;

const NOTHING: Completion = { candidates: [], files: false };
const FILES: Completion = { candidates: [], files: true };

/** `words`: all after the program's name, the last one being what is written so far. */
export async function complete(words: readonly string[], ask: Ask): Promise<Completion> {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  const globals = walk(globalFlags, before, true);
  const [first, second] = globals.operands;
  if (first === undefined) {
    return within(globals, globalFlags, current, ask, async () => plainWords(await firstWords()));
  }
  if (first === 'help') return plainWords([...(await firstWords()), ...topics.map(topicWord)]);
  if (groups.has(first) && second === undefined) return plainWords(await wordsOf(first));
  const name = groups.has(first) ? `${first} ${second}` : first;
  const entry = findCommand(name);
  if (entry === undefined) return NOTHING;
  const command = await entry.load();
  if (command.takesAllWords === true && command.flags.length === 0) return FILES;
  const rest = globals.operands.slice(groups.has(first) ? 2 : 1);
  return ofCommand(entry.names[0], command, rest, current, ask);
}

function ofCommand(
  name: string,
  command: Command,
  words: readonly string[],
  current: string,
  ask: Ask,
): Promise<Completion> {
  // One that reads its words by itself, but says which flags it knows, ends them there too.
  const stops = command.stopsAtFirstArgument === true || command.takesAllWords === true;
  const at = walk(command.flags, words, stops);
  return within(at, command.flags, current, ask, async () => {
    // Behind the first operand it is a command line inside the container.
    if (command.takesAllWords === true || (stops && at.operands.length > 0)) return FILES;
    if (at.operands.length === 0 && command.firstOperands !== undefined) {
      return plainWords(command.firstOperands().map((word) => ({ word, help: '' })));
    }
    const found = await valuesOf(operandValues(name, command.usage, at.operands.length), ask);
    return name === 'cp' ? containersAndFiles(found) : found;
  });
}

interface Place {
  operands: string[];
  /** The flag whose value is at the cursor. */
  open: FlagSpec | undefined;
  /** False behind `--` or where operands end the flags. */
  flags: boolean;
}

function walk(specs: readonly FlagSpec[], words: readonly string[], stops: boolean): Place {
  const place: Place = { operands: [], open: undefined, flags: true };
  for (const word of words) {
    if (place.open !== undefined) {
      place.open = undefined;
    } else if (!place.flags || !word.startsWith('-') || word === '-') {
      place.operands.push(word);
      if (stops) place.flags = false;
    } else if (word === '--') {
      place.flags = false;
    } else if (!word.includes('=')) {
      place.open = valueFlag(specs, word);
    }
  }
  return place;
}

/** The flag that takes the next word as its value. */
function valueFlag(specs: readonly FlagSpec[], word: string): FlagSpec | undefined {
  const short = word.startsWith('--') ? undefined : word.at(-1);
  const found = specs.find((spec) =>
    short === undefined
      ? spec.name === word.slice(2)
      : spec.short === short || spec.name === word.slice(1),
  );
  return found?.kind === 'bool' ? undefined : found;
}

async function within(
  place: Place,
  specs: readonly FlagSpec[],
  current: string,
  ask: Ask,
  operand: () => Promise<Completion>,
): Promise<Completion> {
  if (place.open !== undefined) return valuesOf(flagValues(place.open), ask);
  if (!place.flags || !current.startsWith('-')) return operand();
  const equals = current.indexOf('=');
  if (equals < 0) return plainWords(flagWords(specs));
  const spec = specs.find(({ name }) => name === current.slice(2, equals));
  if (spec === undefined) return NOTHING;
  const { candidates, files } = await valuesOf(flagValues(spec), ask);
  const head = current.slice(0, equals + 1);
  return { candidates: candidates.map(({ word, help }) => ({ word: head + word, help })), files };
}

async function valuesOf(values: Values, ask: Ask): Promise<Completion> {
  if (values === 'files') return FILES;
  const words = typeof values === 'string' ? await ask(values) : values;
  return plainWords(words.map((word) => ({ word, help: '' })));
}

function containersAndFiles({ candidates }: Completion): Completion {
  return {
    candidates: candidates.map(({ word, help }) => ({ word: `${word}:`, help })),
    files: true,
  };
}

function plainWords(candidates: readonly Candidate[]): Completion {
  return { candidates, files: false };
}

function flagWords(specs: readonly FlagSpec[]): Candidate[] {
  const shown = specs.filter((spec) => spec.hidden !== true);
  return [
    ...shown.map(({ name, help }) => ({ word: `--${name}`, help: firstLine(help) })),
    { word: '--help', help: 'Print usage' },
  ];
}

async function firstWords(): Promise<Candidate[]> {
  const top = await wordsOf('');
  const heads = [...groups].map(([word, help]) => ({ word, help }));
  return [...top, ...heads, { word: 'help', help: 'Help about commands and topics' }];
}

/** The verbs of a group; of no group, the commands of one word. */
async function wordsOf(group: string): Promise<Candidate[]> {
  const prefix = group === '' ? '' : `${group} `;
  const rows = await Promise.all(
    commands
      .filter((entry) => entry.hidden !== true)
      .map(async (entry) => {
        const names = entry.names.filter(
          (name) => name.startsWith(prefix) && !name.slice(prefix.length).includes(' '),
        );
        const { summary } = names.length === 0 ? { summary: '' } : await entry.load();
        return names.map((name) => ({ word: name.slice(prefix.length), help: summary }));
      }),
  );
  return rows.flat();
}

function topicWord({ name, summary }: { name: string; summary: string }): Candidate {
  return { word: name, help: summary };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
