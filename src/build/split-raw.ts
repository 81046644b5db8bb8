/** Splits at blanks that are neither quoted nor escaped; quotes and escapes stay in the words. */

import type { Escape } from './lines.ts';

export function splitRaw(text: string, escaper: Escape): string[] {
  const words: string[] = [];
  let start = -1;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] ?? '';
    const blank = letter === ' ' || letter === '\t';
    if (start < 0) {
      if (blank) continue;
      start = at;
    } else if (blank && quote === '') {
      words.push(text.slice(start, at));
      start = -1;
      continue;
    }
    if (letter === escaper && quote !== "'") at += 1;
    else if (quote !== '') quote = letter === quote ? '' : quote;
    else if (letter === '"' || letter === "'") quote = letter;
  }
  if (start >= 0) words.push(text.slice(start));
  return words;
}
