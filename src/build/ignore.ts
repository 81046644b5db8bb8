/** `.dockerignore`: which paths of a context are left out. The last pattern that says something about a path wins. */

import { DockerfileError } from './dockerfile-error.ts';
import { buildLimits } from './limits.ts';
import { type PathPattern, pathPattern } from './path-pattern.ts';

export interface IgnoreRules {
  /** Whether the path, relative and without a leading `./`, is left out. */
  ignores(path: string): boolean;
  /** Whether something below an ignored directory may be taken in again. */
  mayKeepBelow(path: string): boolean;
}

interface Rule {
  keeps: boolean;
  pattern: PathPattern;
}

/** Throws `DockerfileError` for a pattern that is not well-formed. */
export function parseIgnoreFile(text: string): IgnoreRules {
  const lines = (text.startsWith('\uFEFF') ? text.slice(1) : text).split('\n');
  const patterns = lines
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return ignoreRules(patterns);
}

export function ignoreRules(patterns: readonly string[]): IgnoreRules {
  if (patterns.length > buildLimits.ignorePatterns) {
    throw new DockerfileError(`more than ${buildLimits.ignorePatterns} patterns of paths`);
  }
  const rules = patterns.map(toRule).filter((rule) => rule !== undefined);
  const anyKeeps = rules.some(({ keeps }) => keeps);
  return {
    ignores: (path) => ignores(rules, path),
    mayKeepBelow: (path) =>
      anyKeeps && rules.some(({ keeps, pattern }) => keeps && pattern.mayMatchBelow(path)),
  };
}

function toRule(text: string): Rule | undefined {
  const keeps = text.startsWith('!');
  const clean = cleanPattern(keeps ? text.slice(1).trim() : text);
  return clean === '' ? undefined : { keeps, pattern: pathPattern(clean) };
}

/** Without leading slashes, `.` and `..`: every pattern is relative to the top of the context. */
function cleanPattern(text: string): string {
  const kept: string[] = [];
  for (const part of text.split('/')) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  return kept.join('/');
}

/** A pattern that matches a directory decides about everything below it. */
function ignores(rules: readonly Rule[], path: string): boolean {
  const parents = withParents(path);
  let ignored = false;
  for (const { keeps, pattern } of rules) {
    if (keeps !== ignored) continue;
    if (parents.some((part) => pattern.matches(part))) ignored = !keeps;
  }
  return ignored;
}

function withParents(path: string): string[] {
  const parents = [path];
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
    parents.push(path.slice(0, at));
  }
  return parents;
}
