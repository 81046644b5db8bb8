/** What is wrong with a Dockerfile, and where: the lines stay with the error so that clients can show them. */

import { TiffinError } from '../base/errors.ts';

/** Lines counted from 1, both included. */
export interface LineRange {
  first: number;
  last: number;
}

export class DockerfileError extends TiffinError {
  readonly range: LineRange | undefined;

  constructor(message: string, range?: LineRange, hint?: string) {
    super(
      'invalid',
      'bad-dockerfile',
      range === undefined ? message : `dockerfile parse error on line ${range.first}: ${message}`,
      hint === undefined ? {} : { hint },
    );
    this.range = range;
  }
}

/** Lines shown before and after the marked ones. */
const CONTEXT = 2;
const MAX_LINES = 30;
const MAX_WIDTH = 200;
const RULER = '-'.repeat(20);

/** The marked lines among their neighbours, as BuildKit shows them. */
export function excerpt(name: string, text: string, range: LineRange): string {
  const lines = text.split('\n');
  const first = Math.max(1, range.first - CONTEXT);
  const last = Math.min(lines.length, range.last + CONTEXT, first + MAX_LINES);
  const width = Math.max(String(last).length, 4);
  const shown: string[] = [];
  for (let number = first; number <= last; number += 1) {
    const marked = number >= range.first && number <= range.last;
    const line = (lines[number - 1] ?? '').replace(/\r$/, '').slice(0, MAX_WIDTH);
    shown.push(`${String(number).padStart(width)} | ${marked ? '>>>' : '   '} ${line}`.trimEnd());
  }
  return [`${name}:${range.first}`, RULER, ...shown, RULER].join('\n');
}
