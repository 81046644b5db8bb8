/** A Dockerfile's text as logical lines: directives at the top, continuations joined, comments dropped, heredocs taken off. */

import { DockerfileError, type LineRange } from './dockerfile-error.ts';
import { findHeredocs, type HeredocMark } from './heredoc.ts';
import { buildLimits } from './limits.ts';

export type Escape = '\\' | '`';

export interface Heredoc {
  name: string;
  content: string;
  /** The name was not quoted: variables in the content count. */
  expand: boolean;
  /** The descriptor or program text before `<<`, and `-`, exactly as written. */
  mark: string;
}

export interface LogicalLine {
  text: string;
  range: LineRange;
  heredocs: Heredoc[];
}

export interface Lines {
  escaper: Escape;
  syntax: string | undefined;
  lines: LogicalLine[];
  warnings: string[];
}

/** Instructions that take heredocs, also behind ONBUILD. */
const WITH_HEREDOCS: ReadonlySet<string> = new Set(['RUN', 'COPY', 'ADD']);

/** Total: throws `DockerfileError` for what is no Dockerfile. */
export function splitLines(text: string): Lines {
  if (text.length > buildLimits.dockerfileBytes) {
    throw new DockerfileError(`the Dockerfile is larger than ${buildLimits.dockerfileBytes} bytes`);
  }
  const raw = (text.startsWith('\uFEFF') ? text.slice(1) : text).split('\n').map(withoutReturn);
  const { escaper, syntax } = readDirectives(raw);
  return new LineReader(raw, escaper).read(syntax);
}

class LineReader {
  readonly #raw: readonly string[];
  readonly #escaper: Escape;
  readonly #lines: LogicalLine[] = [];
  readonly #warnings: string[] = [];
  #at = 0;

  constructor(raw: readonly string[], escaper: Escape) {
    this.#raw = raw;
    this.#escaper = escaper;
  }

  read(syntax: string | undefined): Lines {
    while (this.#at < this.#raw.length) {
      const line = (this.#raw[this.#at] ?? '').trimStart();
      if (line === '' || line.startsWith('#')) this.#at += 1;
      else this.#instruction(line);
      if (this.#lines.length > buildLimits.instructions) {
        throw new DockerfileError(`more than ${buildLimits.instructions} instructions`);
      }
    }
    return { escaper: this.#escaper, syntax, lines: this.#lines, warnings: this.#warnings };
  }

  #instruction(start: string): void {
    const first = this.#at + 1;
    const parts: string[] = [];
    let line: string | undefined = start;
    let emptySeen = false;
    for (;;) {
      const { text, goesOn } = withoutContinuation(line, this.#escaper);
      parts.push(text);
      this.#at += 1;
      if (!goesOn) break;
      line = undefined;
      while (this.#at < this.#raw.length && line === undefined) {
        const next = this.#raw[this.#at] ?? '';
        const trimmed = next.trim();
        if (trimmed === '') emptySeen = true;
        if (trimmed === '' || trimmed.startsWith('#')) this.#at += 1;
        else line = next;
      }
      if (line === undefined) break;
    }
    if (emptySeen)
      this.#warnings.push(`empty continuation line in the instruction on line ${first}`);
    const text = parts.join('').trim();
    const marks = takesHeredocs(text) ? findHeredocs(text, this.#escaper) : [];
    if (marks.length > buildLimits.heredocs) {
      throw new DockerfileError(`more than ${buildLimits.heredocs} heredocs`, at(first));
    }
    const heredocs = marks.map((mark) => this.#heredoc(mark, first));
    this.#lines.push({ text, range: { first, last: Math.max(first, this.#at) }, heredocs });
  }

  #heredoc(mark: HeredocMark, first: number): Heredoc {
    const content: string[] = [];
    for (;;) {
      if (this.#at >= this.#raw.length)
        throw new DockerfileError('unterminated heredoc', at(first));
      const raw = this.#raw[this.#at] ?? '';
      this.#at += 1;
      const line = mark.chomp ? withoutTabs(raw) : raw;
      if (line === mark.name) break;
      content.push(`${line}\n`);
    }
    return {
      name: mark.name,
      content: content.join(''),
      expand: mark.expand,
      mark: mark.text,
    };
  }
}

function at(line: number): LineRange {
  return { first: line, last: line };
}

/** `# name=value` lines before anything else; the first other line ends them. */
function readDirectives(raw: readonly string[]): { escaper: Escape; syntax: string | undefined } {
  const found = new Map<string, string>();
  for (const [index, line] of raw.entries()) {
    const directive = parseDirective(line);
    if (directive === undefined) break;
    const { name, value } = directive;
    if (found.has(name)) {
      throw new DockerfileError(`only one ${name} parser directive can be used`, at(index + 1));
    }
    if (name === 'escape' && value !== '\\' && value !== '`') {
      const message = `invalid ESCAPE ${JSON.stringify(value)}: must be a backslash or a backtick`;
      throw new DockerfileError(message, at(index + 1));
    }
    found.set(name, value);
  }
  return { escaper: found.get('escape') === '`' ? '`' : '\\', syntax: found.get('syntax') };
}

const DIRECTIVES: ReadonlySet<string> = new Set(['syntax', 'escape', 'check']);

function parseDirective(line: string): { name: string; value: string } | undefined {
  const trimmed = line.trim();
  const equals = trimmed.indexOf('=');
  if (!trimmed.startsWith('#') || equals < 0) return undefined;
  const name = trimmed.slice(1, equals).trim().toLowerCase();
  const value = trimmed.slice(equals + 1).trim();
  return DIRECTIVES.has(name) && value !== '' ? { name, value } : undefined;
}

/** An escape at the end, blanks after it allowed, that is not itself escaped. */
function withoutContinuation(line: string, escaper: Escape): { text: string; goesOn: boolean } {
  let end = line.length;
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end -= 1;
  const goesOn = line[end - 1] === escaper && line[end - 2] !== escaper;
  return goesOn ? { text: line.slice(0, end - 1), goesOn } : { text: line, goesOn };
}

function takesHeredocs(text: string): boolean {
  const [first = '', second = ''] = text.slice(0, 64).split(/[ \t]+/, 2);
  const name = first.toUpperCase() === 'ONBUILD' ? second : first;
  return WITH_HEREDOCS.has(name.toUpperCase());
}

function withoutTabs(line: string): string {
  let start = 0;
  while (line[start] === '\t') start += 1;
  return line.slice(start);
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
