/** Splits an instruction's arguments as a Dockerfile does: at spaces, with quotes and backslashes. */

import { TiffinError } from '../../base/errors.ts';

export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] ?? '';
    if (letter === '\\' && quote !== "'" && at + 1 < text.length) {
      at += 1;
      const next = text[at] ?? '';
      // Within double quotes a backslash only escapes what would end or change them.
      const escapes = quote === '' || next === '"' || next === '\\' || next === '$';
      word = (word ?? '') + (escapes ? next : letter + next);
    } else if (quote !== '') {
      if (letter === quote) quote = '';
      else word = (word ?? '') + letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= '';
    } else if (letter === ' ' || letter === '\t' || letter === '\n') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + letter;
    }
  }
  if (quote !== '') {
    throw new TiffinError(
      'invalid',
      'bad-change',
      `unterminated quote in ${JSON.stringify(text.slice(0, 200))}`,
    );
  }
  if (word !== undefined) words.push(word);
  return words;
}
