/** Flags as docker reads them: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, grouped `-it`, `--` ends them. */

import { ValueError } from '../values/number.ts';
import { type FlagSpec, type FlagValue, flagKinds } from './spec.ts';
import { FlagValues } from './values.ts';

/** A mistake in the flags; shown with the usage line. */
export class FlagError extends Error {
  override readonly name = 'FlagError';
}

export interface ParsedFlags {
  values: FlagValues;
  args: string[];
  /** `--help` or, where `h` is not another flag, `-h`. */
  help: boolean;
}

export interface ParseOptions {
  /** False: the first positional ends the flags (run, exec, top). */
  interspersed: boolean;
}

const helpFlag: FlagSpec = { name: 'help', kind: 'bool', help: 'Print usage' };

export function parseFlags(
  specs: readonly FlagSpec[],
  argv: readonly string[],
  options: ParseOptions,
): ParsedFlags {
  const parser = new FlagParser(specs, argv);
  const args: string[] = [];
  for (let word = parser.next(); word !== undefined; word = parser.next()) {
    if (word === '--') {
      args.push(...parser.rest());
    } else if (word.startsWith('--')) {
      parser.long(word);
    } else if (word.length > 1 && word.startsWith('-')) {
      parser.short(word);
    } else {
      args.push(word);
      if (!options.interspersed) args.push(...parser.rest());
    }
  }
  return { values: parser.values, args, help: parser.values.bool('help') };
}

class FlagParser {
  readonly values: FlagValues;
  readonly #argv: readonly string[];
  readonly #long = new Map<string, FlagSpec>();
  readonly #short = new Map<string, FlagSpec>();
  #at = 0;

  constructor(specs: readonly FlagSpec[], argv: readonly string[]) {
    this.#argv = argv;
    const all = [...specs, helpFlag];
    this.values = new FlagValues(all);
    for (const spec of all) {
      for (const name of [spec.name, ...(spec.aliases ?? [])]) this.#long.set(name, spec);
      if (spec.short !== undefined) this.#short.set(spec.short, spec);
    }
    if (!this.#short.has('h')) this.#short.set('h', helpFlag);
  }

  next(): string | undefined {
    const word = this.#argv[this.#at];
    this.#at += 1;
    return word;
  }

  rest(): readonly string[] {
    const words = this.#argv.slice(this.#at);
    this.#at = this.#argv.length;
    return words;
  }

  long(word: string): void {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    if (name === '' || name.startsWith('-')) throw new FlagError(`bad flag syntax: ${word}`);
    const spec = this.#long.get(name);
    if (spec === undefined) throw new FlagError(`unknown flag: --${name}`);
    this.#store(spec, equals >= 0 ? word.slice(equals + 1) : this.#longValue(spec, name));
  }

  short(word: string): void {
    for (let at = 1; at < word.length; at += 1) {
      const letter = word[at] ?? '';
      const spec = this.#short.get(letter);
      if (spec === undefined) {
        throw new FlagError(`unknown shorthand flag: '${letter}' in -${word.slice(at)}`);
      }
      const rest = word.slice(at + 1);
      if (spec.kind === 'bool' && !rest.startsWith('=')) {
        this.#store(spec, 'true');
        continue;
      }
      const joined = rest.startsWith('=') ? rest.slice(1) : rest;
      this.#store(spec, rest === '' ? this.#shortValue(spec, word, at) : joined);
      return;
    }
  }

  #longValue(spec: FlagSpec, name: string): string {
    if (spec.kind === 'bool') return 'true';
    const value = this.next();
    if (value === undefined) throw new FlagError(`flag needs an argument: --${name}`);
    return value;
  }

  #shortValue(spec: FlagSpec, word: string, at: number): string {
    const value = this.next();
    if (value === undefined) {
      throw new FlagError(`flag needs an argument: '${spec.short}' in -${word.slice(at)}`);
    }
    return value;
  }

  #store(spec: FlagSpec, text: string): void {
    try {
      this.values.set(spec.name, this.#read(spec, text));
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      const name = spec.short === undefined ? `--${spec.name}` : `-${spec.short}, --${spec.name}`;
      throw new FlagError(
        `invalid argument ${JSON.stringify(text)} for "${name}" flag: ${error.message}`,
      );
    }
  }

  #read(spec: FlagSpec, text: string): FlagValue {
    const value = flagKinds[spec.kind].read(text);
    const check = spec.check ?? ((item: string) => item);
    if (Array.isArray(value)) {
      const before = this.values.given(spec.name);
      return [...(Array.isArray(before) ? before : []), ...value.map(check)];
    }
    return typeof value === 'string' ? check(value) : value;
  }
}
