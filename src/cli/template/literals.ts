/** Go's quoted strings and characters. */

import { TemplateError } from './error.ts';

interface Quoted {
  text: string;
  at: number;
}

const SIMPLE: ReadonlyMap<string, string> = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
]);

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs;

export function unquoteString(token: Quoted): string {
  const inner = token.text.slice(1, -1);
  return token.text.startsWith('`') ? inner : unescapeText(inner, token);
}

/** The code point. */
export function unquoteChar(token: Quoted): number {
  const inner = unescapeText(token.text.slice(1, -1), token);
  const code = inner.codePointAt(0);
  if (code === undefined || String.fromCodePoint(code) !== inner) {
    throw new TemplateError(`malformed character constant: ${token.text}`, token.at);
  }
  return code;
}

/** Backslashes of a table format given in a shell: `\t` and `\n`. */
export function unescapeTabs(text: string): string {
  return text.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

function unescapeText(text: string, token: Quoted): string {
  return text.replace(ESCAPE, (_, hex, short, long, octal, simple: string | undefined) => {
    const digits: string | undefined = hex ?? short ?? long;
    if (digits !== undefined) return codePoint(Number.parseInt(digits, 16), token);
    if (octal !== undefined) return codePoint(Number.parseInt(octal, 8), token);
    const character = SIMPLE.get(simple ?? '');
    if (character === undefined) throw new TemplateError('invalid syntax', token.at);
    return character;
  });
}

function codePoint(code: number, token: Quoted): string {
  if (code > 0x10ffff) throw new TemplateError('invalid syntax', token.at);
  return String.fromCodePoint(code);
}
