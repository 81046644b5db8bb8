/** A mistake in a template: found while reading it, or while filling it in. */

export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  /** Offset in the template. */
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** Thrown by functions of a template; the evaluator adds where. */
export class CallError extends Error {
  override readonly name = 'CallError';
}

/** `:line:column`, as Go counts: lines from 1, columns from 0. */
export function position(source: string, at: number): string {
  const before = source.slice(0, at);
  const line = before.split('\n').length;
  return `:${line}:${at - (before.lastIndexOf('\n') + 1)}`;
}
