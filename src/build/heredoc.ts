/** `<<NAME`, `<<-NAME`, `3<<"NAME"`: where an instruction's text says that lines of its own follow. */

import type { Escape } from './lines.ts';
import { splitRaw } from './split-raw.ts';

export interface HeredocMark {
  name: string;
  /** Leading tabs are dropped. */
  chomp: boolean;
  expand: boolean;
  /** The word as written. */
  text: string;
}

/** In the order of their content. A `<<` inside of quotes or of a longer word is the shell's business. */
export function findHeredocs(text: string, escaper: Escape): HeredocMark[] {
  const marks: HeredocMark[] = [];
  for (const word of splitRaw(text, escaper)) {
    const mark = parseMark(word);
    if (mark !== undefined) marks.push(mark);
  }
  return marks;
}

export function isHeredocWord(word: string): boolean {
  return parseMark(word) !== undefined;
}

function parseMark(word: string): HeredocMark | undefined {
  let at = 0;
  while (at < word.length && isDigit(word[at] ?? '')) at += 1;
  if (!word.startsWith('<<', at)) return undefined;
  at += 2;
  const chomp = word[at] === '-';
  const rest = word.slice(chomp ? at + 1 : at);
  const quote = rest[0] ?? '';
  const quoted = quote === '"' || quote === "'";
  const name = quoted ? unquoted(rest, quote) : rest;
  if (name === undefined || name === '' || name.includes('<')) return undefined;
  if (!quoted && !isPlainName(name)) return undefined;
  return { name, chomp, expand: !quoted, text: word };
}

function unquoted(rest: string, quote: string): string | undefined {
  if (rest.length < 3 || !rest.endsWith(quote)) return undefined;
  const name = rest.slice(1, -1);
  return name.includes(quote) ? undefined : name;
}

/** What follows a redirection in a shell line, such as `;` or `|`, is no part of a name. */
function isPlainName(name: string): boolean {
  return ![...name].some((letter) => '"\'\\`$;|&()>'.includes(letter));
}

function isDigit(letter: string): boolean {
  return letter >= '0' && letter <= '9';
}
