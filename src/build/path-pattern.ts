/**
 * Patterns on paths, as Go's `filepath.Match` has them (`*`, `?`, `[a-z]`, `[^a]`, `\`), with `**` for any number of directories.
 * Compiled to a list of tokens that is walked state by state: no input makes it slow.
 */

import { DockerfileError } from './dockerfile-error.ts';

export interface PathPattern {
  /** Whether the whole path matches. */
  matches(path: string): boolean;
  /** Whether something below `path` could match: `a/*` below `a`. */
  mayMatchBelow(path: string): boolean;
}

type Token =
  | { kind: 'letter'; letter: string }
  | { kind: 'one' }
  | { kind: 'any' }
  /** `**`: also across slashes. */
  | { kind: 'deep' }
  /** A `**` and the slash after it: any number of whole directories, none too. */
  | { kind: 'directories' }
  | { kind: 'set'; negated: boolean; ranges: readonly [number, number][] };

const MAX_PATTERN = 4096;

/** Throws `DockerfileError` for a pattern that is not well-formed. */
export function pathPattern(text: string): PathPattern {
  if (text.length > MAX_PATTERN) throw bad(text);
  const tokens = parse(text);
  return {
    matches: (path) => run(tokens, path).has(tokens.length),
    mayMatchBelow: (path) => run(tokens, `${path}/`).size > 0,
  };
}

export function hasWildcard(text: string): boolean {
  return [...text].some((letter) => letter === '*' || letter === '?' || letter === '[');
}

function parse(text: string): Token[] {
  const tokens: Token[] = [];
  const letters = [...text];
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters[at] ?? '';
    if (letter === '*' && letters[at + 1] === '*') {
      at += 1;
      const whole = letters[at + 1] === '/';
      if (whole) at += 1;
      tokens.push({ kind: whole ? 'directories' : 'deep' });
    } else if (letter === '*') tokens.push({ kind: 'any' });
    else if (letter === '?') tokens.push({ kind: 'one' });
    else if (letter === '[') {
      const { token, next } = parseSet(letters, at + 1, text);
      tokens.push(token);
      at = next;
    } else if (letter === '\\') {
      at += 1;
      if (at >= letters.length) throw bad(text);
      tokens.push({ kind: 'letter', letter: letters[at] ?? '' });
    } else tokens.push({ kind: 'letter', letter });
  }
  return tokens;
}

function parseSet(
  letters: readonly string[],
  start: number,
  text: string,
): { token: Token; next: number } {
  let at = start;
  const negated = letters[at] === '^' || letters[at] === '!';
  if (negated) at += 1;
  const ranges: [number, number][] = [];
  const take = (): number => {
    if (letters[at] === '\\') at += 1;
    const letter = letters[at];
    if (letter === undefined) throw bad(text);
    at += 1;
    return letter.codePointAt(0) ?? 0;
  };
  while (letters[at] !== ']' || ranges.length === 0) {
    const from = take();
    if (letters[at] === '-' && letters[at + 1] !== ']') {
      at += 1;
      ranges.push([from, take()]);
    } else ranges.push([from, from]);
  }
  return { token: { kind: 'set', negated, ranges }, next: at };
}

/** The states reached after all of `path`. */
function run(tokens: readonly Token[], path: string): Set<number> {
  let states = withSkips(new Set([0]), tokens, true);
  for (const letter of path) {
    const next = new Set<number>();
    for (const state of states) step(tokens[state], state, letter, next);
    states = withSkips(next, tokens, letter === '/');
    if (states.size === 0) break;
  }
  return states;
}

function step(token: Token | undefined, state: number, letter: string, next: Set<number>): void {
  switch (token?.kind) {
    case 'letter':
      if (token.letter === letter) next.add(state + 1);
      return;
    case 'one':
      if (letter !== '/') next.add(state + 1);
      return;
    case 'any':
      if (letter !== '/') next.add(state);
      return;
    case 'deep':
    case 'directories':
      next.add(state);
      return;
    case 'set': {
      const code = letter.codePointAt(0) ?? 0;
      const inside = token.ranges.some(([from, to]) => code >= from && code <= to);
      if (letter !== '/' && inside !== token.negated) next.add(state + 1);
    }
  }
}

/** `*` and `**` may match nothing; a number of directories ends where a name begins. */
function withSkips(states: Set<number>, tokens: readonly Token[], atName: boolean): Set<number> {
  for (const state of states) {
    const kind = tokens[state]?.kind;
    const skips = kind === 'any' || kind === 'deep' || (kind === 'directories' && atName);
    if (skips) states.add(state + 1);
  }
  return states;
}

function bad(text: string): DockerfileError {
  return new DockerfileError(`syntax error in pattern ${JSON.stringify(text.slice(0, 200))}`);
}
