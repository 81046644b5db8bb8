/** Flags as docker reads them: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, grouped `-it`, `--` ends them. */

import { parseBoolean, ValueError } from '../values/number.ts';
import { deprecationWarning, type OldWord, oldWords } from './old-spelling.ts';
import { type FlagKind, type FlagSpec, type FlagValue, flagKinds } from './spec.ts';
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
  /** One for each old spelling, to be told on standard error. */
  warnings: readonly string[];
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
    } else if (parser.isOld(word)) {
      parser.old(word);
    } else if (word.startsWith('--')) {
      parser.long(word);
    } else if (word.length > 1 && word.startsWith('-')) {
      parser.short(word);
    } else {
      args.push(word);
      if (!options.interspersed) args.push(...parser.rest());
    }
  }
  return {
    values: parser.values,
    args,
    help: parser.values.bool('help'),
    warnings: parser.warnings,
  };
}

class FlagParser {
  readonly values: FlagValues;
  readonly #argv: readonly string[];
  readonly #long = new Map<string, FlagSpec>();
  readonly #short = new Map<string, FlagSpec>();
  readonly #old: ReadonlyMap<string, OldWord>;
  readonly warnings: string[] = [];
  #at = 0;

  constructor(specs: readonly FlagSpec[], argv: readonly string[]) {
    this.#argv = argv;
    const all = [...specs, helpFlag];
    this.values = new FlagValues(all);
    this.#old = oldWords(specs);
    for (const spec of all) {
      if (spec.obsolete === true || spec.refused !== undefined) continue;
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

  isOld(word: string): boolean {
    return this.#old.has(splitWord(word).name);
  }

  old(word: string): void {
    const { name, value } = splitWord(word);
    const old = this.#old.get(name);
    if (old === undefined) return;
    const { spec, kind, today } = old;
    if (spec.refused !== undefined) throw new FlagError(`${name}: ${spec.refused}`);
    this.warnings.push(deprecationWarning(name, old.instead));
    const text = value ?? this.#longValue(kind, name);
    this.#store(spec, name, text, () => today(kind === 'bool' ? String(parseBoolean(text)) : text));
  }

  long(word: string): void {
    const { name: dashed, value } = splitWord(word);
    const name = dashed.slice(2);
    if (name === '' || name.startsWith('-')) throw new FlagError(`bad flag syntax: ${word}`);
    const spec = this.#long.get(name);
    if (spec === undefined) throw new FlagError(`unknown flag: --${name}`);
    this.#store(spec, flagName(spec), value ?? this.#longValue(spec.kind, dashed));
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
        this.#store(spec, flagName(spec), 'true');
        continue;
      }
      const joined = rest.startsWith('=') ? rest.slice(1) : rest;
      this.#store(spec, flagName(spec), rest === '' ? this.#shortValue(spec, word, at) : joined);
      return;
    }
  }

  #longValue(kind: FlagKind, dashed: string): string {
    if (kind === 'bool') return 'true';
    const value = this.next();
    if (value === undefined) throw new FlagError(`flag needs an argument: ${dashed}`);
    return value;
  }

  #shortValue(spec: FlagSpec, word: string, at: number): string {
    const value = this.next();
    if (value === undefined) {
      throw new FlagError(`flag needs an argument: '${spec.short}' in -${word.slice(at)}`);
    }
    return value;
  }

  /** `shown`: what the flag is called in a refusal of its value. */
  #store(
    spec: FlagSpec,
    shown: string,
    text: string,
    translate: () => string | undefined = () => text,
  ): void {
    try {
      const today = translate();
      if (today !== undefined) this.values.set(spec.name, this.#read(spec, today));
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw new FlagError(
        `invalid argument ${JSON.stringify(text)} for "${shown}" flag: ${error.message}`,
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

function flagName({ short, name }: FlagSpec): string {
  return short === undefined ? `--${name}` : `-${short}, --${name}`;
}

/** `--name=value` at its first `=`. */
function splitWord(word: string): { name: string; value?: string } {
  const equals = word.indexOf('=');
  if (equals < 0) return { name: word };
  return { name: word.slice(0, equals), value: word.slice(equals + 1) };
}
