/**
 * Command lines as Go's runtimes take them: `--flag value`, `--flag=value`, one dash or two, `-b value`; and as crun takes
 * them beyond that: `-bvalue`, `-td`. Every table has `--help` and `-h` too.
 */

import { TiffinError } from '../../base/errors.ts';

export type FlagKind = 'switch' | 'text' | 'list' | 'number';

/** Long name to kind; short names are given beside. */
export interface FlagTable {
  readonly flags: Readonly<Record<string, FlagKind>>;
  readonly short?: Readonly<Record<string, string>>;
}

/** The words of Go's strconv.ParseBool. */
const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** What was given; a map, because names come from outside. */
export class Flags {
  readonly #values = new Map<string, string[]>();

  add(name: string, value: string): void {
    const known = this.#values.get(name);
    if (known === undefined) this.#values.set(name, [value]);
    else known.push(value);
  }

  has(name: string): boolean {
    const value = this.text(name);
    return value !== undefined && !FALSE.has(value);
  }

  /** The last one counts. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  list(name: string): string[] {
    return this.#values.get(name) ?? [];
  }

  /** A whole number from 0; `fallback` when not given. */
  number(name: string, fallback: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    if (/^\d{1,9}$/.test(text)) return Number(text);
    throw usage(`invalid value "${text}" for flag -${name}: expected a number`);
  }
}

export interface Parsed {
  flags: Flags;
  /** From the first argument that is no flag. */
  rest: string[];
}

/** Flags up to the first argument that is none; `--` ends them too. */
export function parseFlags(argv: readonly string[], table: FlagTable): Parsed {
  const flags = new Flags();
  let at = 0;
  while (at < argv.length) {
    const argument = argv[at] ?? '';
    if (argument === '--') return { flags, rest: argv.slice(at + 1) };
    if (!argument.startsWith('-') || argument === '-') break;
    at += 1;
    for (const { name, value, given } of readArgument(argument, table)) {
      if (kindOf(name, table) === 'switch') flags.add(name, checkSwitch(value ?? 'true', given));
      else if (value !== undefined) flags.add(name, value);
      else {
        const next = argv[at];
        if (next === undefined) throw usage(`flag needs an argument: -${given}`);
        flags.add(name, next);
        at += 1;
      }
    }
  }
  return { flags, rest: argv.slice(at) };
}

interface Given {
  name: string;
  /** Undefined: in the next argument, or none. */
  value: string | undefined;
  /** As it was written. */
  given: string;
}

/** One flag, or several letters behind one dash of which only the last may take a value. */
function readArgument(argument: string, table: FlagTable): Given[] {
  const body = argument.replace(/^--?/, '');
  const equals = body.indexOf('=');
  const given = equals < 0 ? body : body.slice(0, equals);
  const name = longName(given, table);
  if (name !== undefined) {
    return [{ name, value: equals < 0 ? undefined : body.slice(equals + 1), given }];
  }
  if (argument.startsWith('--')) throw unknown(given);
  const letters: Given[] = [];
  for (let at = 0; at < body.length; at += 1) {
    const letter = body[at] ?? '';
    const known = longName(letter, table);
    if (known === undefined) throw unknown(given);
    const isSwitch = kindOf(known, table) === 'switch';
    const value = isSwitch || at + 1 === body.length ? undefined : body.slice(at + 1);
    letters.push({ name: known, value, given: letter });
    if (!isSwitch) break;
  }
  return letters;
}

function longName(given: string, table: FlagTable): string | undefined {
  if (given === 'h' || given === 'help') return 'help';
  const { short, flags } = table;
  const name = short !== undefined && Object.hasOwn(short, given) ? short[given] : given;
  return name !== undefined && Object.hasOwn(flags, name) ? name : undefined;
}

function kindOf(name: string, table: FlagTable): FlagKind | undefined {
  return name === 'help' ? 'switch' : table.flags[name];
}

function checkSwitch(value: string, given: string): string {
  if (TRUE.has(value) || FALSE.has(value)) return value;
  throw usage(`invalid boolean value "${value}" for -${given}`);
}

function unknown(given: string): TiffinError {
  return usage(`flag provided but not defined: -${given}`);
}

/** Flags may also stand behind the arguments, as in `delete <id> --force`. */
export function parseMixed(argv: readonly string[], table: FlagTable): Parsed {
  const flags = new Flags();
  const rest: string[] = [];
  let left = [...argv];
  while (left.length > 0) {
    const parsed = parseFlags(left, table);
    for (const name of [...Object.keys(table.flags), 'help']) {
      for (const value of parsed.flags.list(name)) flags.add(name, value);
    }
    const [argument, ...behind] = parsed.rest;
    if (argument !== undefined) rest.push(argument);
    left = behind;
  }
  return { flags, rest };
}

export function usage(message: string): TiffinError {
  return new TiffinError('invalid', 'usage', message, { hint: 'see tiffin oci --help' });
}
