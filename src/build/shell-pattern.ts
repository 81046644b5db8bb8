/** Shell patterns on strings: `*`, `?`, and a backslash before a letter that means itself. Time is bounded by length times length. */

/** What is left without the shortest, or with `longest` the longest, start that matches. */
export function removePrefix(value: string, pattern: string, longest: boolean): string {
  const ends = prefixEnds(value, 0, parse(pattern));
  const end = longest ? ends.at(-1) : ends[0];
  return end === undefined ? value : value.slice(end);
}

export function removeSuffix(value: string, pattern: string, longest: boolean): string {
  const reversed = [...value].toReversed().join('');
  const ends = prefixEnds(reversed, 0, parse(pattern).toReversed());
  const end = longest ? ends.at(-1) : ends[0];
  return end === undefined ? value : value.slice(0, value.length - end);
}

/** The longest match at the leftmost place, once or `all` of them. */
export function replacePattern(
  value: string,
  pattern: string,
  replacement: string,
  all: boolean,
): string {
  const tokens = parse(pattern);
  if (tokens.length === 0) return value;
  const out: string[] = [];
  let at = 0;
  while (at < value.length) {
    const end = prefixEnds(value, at, tokens).at(-1);
    if (end === undefined || end === at) {
      out.push(value[at] ?? '');
      at += 1;
      continue;
    }
    out.push(replacement);
    at = end;
    if (!all) break;
  }
  return out.join('') + value.slice(at);
}

const ANY = Symbol('*');
const ONE = Symbol('?');
type Token = string | typeof ANY | typeof ONE;

function parse(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const letter = pattern[at] ?? '';
    if (letter === '*') {
      if (tokens.at(-1) !== ANY) tokens.push(ANY);
    } else if (letter === '?') tokens.push(ONE);
    else if (letter === '\\' && at + 1 < pattern.length) {
      at += 1;
      tokens.push(pattern[at] ?? '');
    } else tokens.push(letter);
  }
  return tokens;
}

/** All ends of matches that begin at `start`, ascending: the states of the pattern are walked side by side. */
function prefixEnds(value: string, start: number, tokens: readonly Token[]): number[] {
  const ends: number[] = [];
  let states = withSkips(new Set([0]), tokens);
  if (states.has(tokens.length)) ends.push(start);
  for (let at = start; at < value.length && states.size > 0; at += 1) {
    const next = new Set<number>();
    for (const state of states) {
      const token = tokens[state];
      if (token === ANY) next.add(state);
      else if (token === ONE || token === value[at]) next.add(state + 1);
    }
    states = withSkips(next, tokens);
    if (states.has(tokens.length)) ends.push(at + 1);
  }
  return ends;
}

/** A `*` may match nothing. */
function withSkips(states: Set<number>, tokens: readonly Token[]): Set<number> {
  for (const state of states) {
    if (tokens[state] === ANY) states.add(state + 1);
  }
  return states;
}
