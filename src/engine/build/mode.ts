/** `--chmod`: octal, or symbolic as in chmod(1). */

import { DockerfileError } from '../../build/dockerfile-error.ts';

/** From the bits that an entry has to those that it gets. */
export type ChangeMode = (mode: number, isDirectory: boolean) => number;

const PERMISSIONS = 0o7777;

export function parseMode(text: string | undefined): ChangeMode {
  if (text === undefined) return (mode) => mode;
  if (/^[0-7]{1,5}$/.test(text)) {
    const bits = Number.parseInt(text, 8) & PERMISSIONS;
    return (mode) => (mode & ~PERMISSIONS) | bits;
  }
  const clauses = text.split(',').map(parseClause);
  if (clauses.some((clause) => clause === undefined)) {
    throw new DockerfileError(
      `invalid chmod parameter: '${text.slice(0, 80)}'. it should be octal string and between 0 and 07777`,
    );
  }
  return (mode, isDirectory) =>
    clauses.reduce((bits, clause) => clause?.(bits, isDirectory) ?? bits, mode);
}

/** Shift of the three bits of each. */
const WHO: ReadonlyMap<string, number> = new Map([
  ['u', 6],
  ['g', 3],
  ['o', 0],
]);

function parseClause(text: string): ChangeMode | undefined {
  const [, who = '', operator = '', what = ''] =
    /^([ugoa]{0,4})([-+=])([rwxXst]{0,6})$/.exec(text) ?? [];
  if (operator === '') return undefined;
  const all = who === '' || who.includes('a');
  const chosen = [...WHO].filter(([letter]) => all || who.includes(letter));
  return (mode, isDirectory) => {
    const executable = isDirectory || (mode & 0o111) !== 0;
    let bits = 0;
    let mask = 0;
    for (const [letter, shift] of chosen) {
      mask |= 0o7 << shift;
      if (what.includes('r')) bits |= 4 << shift;
      if (what.includes('w')) bits |= 2 << shift;
      if (what.includes('x') || (what.includes('X') && executable)) bits |= 1 << shift;
      if (what.includes('s') && letter === 'u') bits |= 0o4000;
      if (what.includes('s') && letter === 'g') bits |= 0o2000;
    }
    if (what.includes('t')) bits |= 0o1000;
    if (operator === '+') return mode | bits;
    return operator === '-' ? mode & ~bits : (mode & ~mask) | bits;
  };
}
