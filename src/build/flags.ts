/** The `--name=value` words between an instruction's name and its operands. */

import { DockerfileError, type LineRange } from './dockerfile-error.ts';
import type { Escape } from './lines.ts';
import { splitRaw } from './split-raw.ts';

/** `list`: may be given several times. */
export type FlagKind = 'text' | 'switch' | 'list';

export class Flags {
  readonly #values = new Map<string, string[]>();
  readonly #where: LineRange;

  constructor(where: LineRange) {
    this.#where = where;
  }

  add(name: string, value: string, kind: FlagKind): void {
    const values = this.#values.get(name) ?? [];
    if (values.length > 0 && kind !== 'list') {
      throw new DockerfileError(`duplicate flag specified: ${name}`, this.#where);
    }
    this.#values.set(name, [...values, value]);
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  list(name: string): string[] {
    return this.#values.get(name) ?? [];
  }

  /** Undefined when absent. */
  switch(name: string): boolean | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const known = SWITCH_WORDS.get(value.toLowerCase());
    if (known !== undefined) return known;
    throw new DockerfileError(
      `expecting boolean value for flag ${name}, not: ${value}`,
      this.#where,
    );
  }
}

const SWITCH_WORDS: ReadonlyMap<string, boolean> = new Map([
  ['', true],
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/** Takes the flags off the start of `rest`. */
export function takeFlags(
  rest: string,
  known: Readonly<Record<string, FlagKind>>,
  context: { instruction: string; range: LineRange; escaper: Escape },
): { flags: Flags; rest: string } {
  const flags = new Flags(context.range);
  let left = rest.trimStart();
  while (left.startsWith('--')) {
    const [word = ''] = splitRaw(left, context.escaper);
    left = left.slice(word.length).trimStart();
    if (word === '--') break;
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals).toLowerCase();
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) {
      throw new DockerfileError(`unknown flag: --${name}`, context.range, hintFor(known));
    }
    if (equals < 0 && kind !== 'switch') {
      throw new DockerfileError(`missing a value on flag: ${name}`, context.range);
    }
    flags.add(name, equals < 0 ? '' : unquote(word.slice(equals + 1)), kind);
  }
  return { flags, rest: left };
}

function hintFor(known: Readonly<Record<string, FlagKind>>): string {
  const names = Object.keys(known).map((name) => `--${name}`);
  return names.length === 0 ? 'this instruction has no flags' : `use one of ${names.join(', ')}`;
}

/** Quotes around the whole value are not part of it. */
function unquote(value: string): string {
  const quote = value[0] ?? '';
  const quoted = value.length >= 2 && (quote === '"' || quote === "'") && value.endsWith(quote);
  return quoted ? value.slice(1, -1) : value;
}
