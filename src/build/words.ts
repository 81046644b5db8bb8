/**
 * The shell words of a Dockerfile: quotes, escapes and variables in the forms
 * `$a ${a} ${a:-x} ${a-x} ${a:+x} ${a+x} ${a:?x} ${a?x} ${a#p} ${a##p} ${a%p} ${a%%p} ${a/p/x} ${a//p/x}`.
 */

import { DockerfileError } from './dockerfile-error.ts';
import { buildLimits } from './limits.ts';
import type { Escape } from './lines.ts';
import { removePrefix, removeSuffix, replacePattern } from './shell-pattern.ts';

/** Undefined: the variable is not set. */
export type Lookup = (name: string) => string | undefined;

export interface Expansion {
  escaper: Escape;
  lookup: Lookup;
}

/** One word: quotes are gone, variables are their values. Throws `DockerfileError` for what is not closed. */
export function expandWord(text: string, expansion: Expansion): string {
  return new Expander(text, expansion, 0).word();
}

/** Several words where a value may hold blanks that split: `EXPOSE $PORTS`. */
export function expandWords(text: string, expansion: Expansion): string[] {
  return new Expander(text, expansion, 0).words();
}

/** Variables only, as in the body of a heredoc: quotes are text, a backslash keeps a dollar sign. */
export function expandText(text: string, expansion: Expansion): string {
  return new Expander(text, expansion, 0).text();
}

class Expander {
  readonly #text: string;
  readonly #expansion: Expansion;
  readonly #depth: number;
  #at = 0;
  #size = 0;

  constructor(text: string, expansion: Expansion, depth: number) {
    if (depth > buildLimits.wordDepth) {
      throw new DockerfileError(`variables are nested deeper than ${buildLimits.wordDepth} levels`);
    }
    this.#text = text;
    this.#expansion = expansion;
    this.#depth = depth;
  }

  word(): string {
    return this.#until('', false).join('');
  }

  words(): string[] {
    const words: string[] = [];
    let current: string | undefined;
    const split = (value: string): void => {
      for (const letter of value) {
        if (isBlank(letter)) {
          if (current !== undefined) words.push(current);
          current = undefined;
        } else current = (current ?? '') + letter;
      }
    };
    while (this.#at < this.#text.length) {
      const letter = this.#text[this.#at] ?? '';
      if (isBlank(letter) || letter === '$') split(isBlank(letter) ? this.#take() : this.#dollar());
      else current = (current ?? '') + this.#piece(letter);
    }
    if (current !== undefined) words.push(current);
    return words;
  }

  text(): string {
    const out: string[] = [];
    while (this.#at < this.#text.length) {
      const letter = this.#text[this.#at] ?? '';
      const next = this.#text[this.#at + 1] ?? '';
      if (letter === '\\' && (next === '$' || next === '\\')) {
        this.#at += 2;
        out.push(next);
      } else out.push(letter === '$' ? this.#dollar() : this.#take());
    }
    return this.#bounded(out).join('');
  }

  /** Up to an unquoted letter of `stop`, which is left, or the end. */
  #until(stop: string, needed: boolean): string[] {
    const out: string[] = [];
    while (this.#at < this.#text.length) {
      const letter = this.#text[this.#at] ?? '';
      if (stop.includes(letter)) return this.#bounded(out);
      out.push(this.#piece(letter));
    }
    if (needed)
      throw new DockerfileError(`syntax error: missing '${stop}' in ${shown(this.#text)}`);
    return this.#bounded(out);
  }

  #piece(letter: string): string {
    if (letter === "'") return this.#single();
    if (letter === '"') return this.#double();
    if (letter === '$') return this.#dollar();
    if (letter === this.#expansion.escaper) {
      this.#at += 1;
      return this.#at < this.#text.length ? this.#take() : '';
    }
    return this.#take();
  }

  #take(): string {
    const letter = this.#text[this.#at] ?? '';
    this.#at += 1;
    return letter;
  }

  #single(): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw unterminated('single-quote', this.#text);
    const inner = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return inner;
  }

  #double(): string {
    const { escaper } = this.#expansion;
    const out: string[] = [];
    this.#at += 1;
    while (this.#at < this.#text.length) {
      const letter = this.#text[this.#at] ?? '';
      const next = this.#text[this.#at + 1] ?? '';
      if (letter === '"') {
        this.#at += 1;
        return this.#bounded(out).join('');
      }
      if (letter === '$') out.push(this.#dollar());
      else if (letter === escaper && (next === '"' || next === '$' || next === escaper)) {
        this.#at += 2;
        out.push(next);
      } else out.push(this.#take());
    }
    throw unterminated('double-quote', this.#text);
  }

  #dollar(): string {
    this.#at += 1;
    if (this.#text[this.#at] === '{') {
      this.#at += 1;
      return this.#counted(this.#braced());
    }
    const name = this.#name();
    return name === '' ? '$' : this.#counted(this.#expansion.lookup(name) ?? '');
  }

  #name(): string {
    const start = this.#at;
    const first = this.#text[start] ?? '';
    if (first !== '' && '@*#?-$!'.includes(first)) {
      this.#at += 1;
      return first;
    }
    const digits = isDigit(first);
    while (this.#at < this.#text.length) {
      const letter = this.#text[this.#at] ?? '';
      if (!(digits ? isDigit(letter) : isNameLetter(letter))) break;
      this.#at += 1;
    }
    return this.#text.slice(start, this.#at);
  }

  /** What follows `${`. */
  #braced(): string {
    const name = this.#name();
    if (name === '') throw badSubstitution(this.#text);
    const value = this.#expansion.lookup(name);
    const operator = this.#operator();
    if (operator === '}') return value ?? '';
    if (operator === '/' || operator === '//')
      return this.#replaced(value ?? '', operator === '//');
    const operand = this.#operand();
    switch (operator) {
      case ':-':
        return value ? value : operand;
      case '-':
        return value ?? operand;
      case ':+':
        return value ? operand : '';
      case '+':
        return value === undefined ? '' : operand;
      case ':?':
      case '?':
        return required(name, value, operand, operator === ':?');
      case '#':
      case '##':
        return removePrefix(value ?? '', operand, operator === '##');
      case '%':
      case '%%':
        return removeSuffix(value ?? '', operand, operator === '%%');
      default:
        throw badSubstitution(this.#text);
    }
  }

  #operator(): string {
    for (const operator of OPERATORS) {
      if (!this.#text.startsWith(operator, this.#at)) continue;
      this.#at += operator.length;
      return operator;
    }
    throw badSubstitution(this.#text);
  }

  /** Up to the closing brace, with its own variables. */
  #operand(): string {
    const nested = new Expander(this.#text, this.#expansion, this.#depth + 1);
    nested.#at = this.#at;
    const value = nested.#until('}', true).join('');
    this.#at = nested.#at + 1;
    return value;
  }

  #replaced(value: string, all: boolean): string {
    const nested = new Expander(this.#text, this.#expansion, this.#depth + 1);
    nested.#at = this.#at;
    const pattern = nested.#until('/}', true).join('');
    const closed = this.#text[nested.#at] === '}';
    nested.#at += 1;
    const replacement = closed ? '' : nested.#until('}', true).join('');
    this.#at = closed ? nested.#at : nested.#at + 1;
    return replacePattern(value, pattern, replacement, all);
  }

  #counted(value: string): string {
    this.#size += value.length;
    if (this.#size > buildLimits.wordBytes) throw tooLong();
    return value;
  }

  #bounded(pieces: string[]): string[] {
    let size = 0;
    for (const piece of pieces) size += piece.length;
    if (size > buildLimits.wordBytes * 4) throw tooLong();
    return pieces;
  }
}

/** Longer ones first. */
const OPERATORS = ['}', ':-', ':+', ':?', '-', '+', '?', '##', '#', '%%', '%', '//', '/'];

function required(
  name: string,
  value: string | undefined,
  message: string,
  emptyToo: boolean,
): string {
  const missing = value === undefined || (emptyToo && value === '');
  if (!missing) return value;
  throw new DockerfileError(`${name}: ${message === '' ? 'is not allowed to be unset' : message}`);
}

function isBlank(letter: string): boolean {
  return letter === ' ' || letter === '\t' || letter === '\n';
}

function isDigit(letter: string): boolean {
  return letter >= '0' && letter <= '9';
}

function isNameLetter(letter: string): boolean {
  const lower = letter.toLowerCase();
  return (lower >= 'a' && lower <= 'z') || isDigit(letter) || letter === '_';
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

function unterminated(what: string, text: string): DockerfileError {
  return new DockerfileError(
    `unexpected end of statement while looking for matching ${what} in ${shown(text)}`,
  );
}

function badSubstitution(text: string): DockerfileError {
  return new DockerfileError(`bad substitution in ${shown(text)}`);
}

function tooLong(): DockerfileError {
  return new DockerfileError(`a word expands to more than ${buildLimits.wordBytes} bytes`);
}
