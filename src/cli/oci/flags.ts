/** Command lines as Go's runtimes take them: `--flag value`, `--flag=value`, one dash or two, `-b value`. */

import { TiffinError } from '../../base/errors.ts';

export type FlagKind = 'switch' | 'text' | 'list' | 'number';

/** Long name to kind; short names are given beside. */
export interface FlagTable {
  readonly flags: Readonly<Record<string, FlagKind>>;
  readonly short?: Readonly<Record<string, string>>;
}

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
    return value !== undefined && value !== 'false';
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
    throw usage(`--${name}: expected a number, got "${text}"`);
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
    const body = argument.replace(/^--?/, '');
    const equals = body.indexOf('=');
    const given = equals < 0 ? body : body.slice(0, equals);
    const name =
      (table.short !== undefined && Object.hasOwn(table.short, given) && table.short[given]) ||
      given;
    const kind = Object.hasOwn(table.flags, name) ? table.flags[name] : undefined;
    if (kind === undefined) throw usage(`flag provided but not defined: -${given}`);
    if (equals >= 0) flags.add(name, body.slice(equals + 1));
    else if (kind === 'switch') flags.add(name, 'true');
    else {
      const value = argv[at];
      if (value === undefined) throw usage(`flag needs an argument: -${given}`);
      flags.add(name, value);
      at += 1;
    }
  }
  return { flags, rest: argv.slice(at) };
}

/** Flags may also stand behind the arguments, as in `delete <id> --force`. */
export function parseMixed(argv: readonly string[], table: FlagTable): Parsed {
  const flags = new Flags();
  const rest: string[] = [];
  let left = [...argv];
  while (left.length > 0) {
    const parsed = parseFlags(left, table);
    for (const name of Object.keys(table.flags)) {
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
