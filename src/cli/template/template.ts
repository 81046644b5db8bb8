/** Go templates as docker's `--format` takes them. */

import { position, TemplateError } from './error.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import { functions } from './functions.ts';
import { parseTemplate } from './parse.ts';

export { TemplateError };

export interface Template {
  /** Throws `TemplateError` with Go's text and the position. */
  execute(data: unknown, options?: Partial<Evaluation>): string;
}

const defaults: Evaluation = {
  isMap: () => true,
  mayLack: () => false,
  nilText: () => '<nil>',
  type: 'map',
  functions: 'values',
};

/** Throws `TemplateError` with Go's text. */
export function compileTemplate(source: string): Template {
  const nodes = located(source, false, () =>
    parseTemplate(source, { isFunction: (name) => functions.has(name) }),
  );
  return {
    execute: (data, options) =>
      located(source, true, () => evaluate(nodes, data, { ...defaults, ...options })),
  };
}

/** Adds `template: :line[:column]:`; a mistake of syntax has no column. */
function located<T>(source: string, column: boolean, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const where = position(source, error.at);
    const line = column ? where : where.slice(0, where.lastIndexOf(':'));
    throw new TemplateError(`template: ${line}: ${error.message}`, error.at);
  }
}
