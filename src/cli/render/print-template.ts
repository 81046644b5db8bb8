/** `--format` of commands that print one object. */

import { CliError } from '../command.ts';
import type { Output } from '../streams/output.ts';
import { compileTemplate, type Template, TemplateError } from '../template/template.ts';
import { mapsOf, mayLack, nilText } from './inspect-fields.ts';

const SYNTAX_STATUS = 64;

export const objectFormatHelp =
  "Format output using a custom template:\n'json':             Print in JSON format\n'TEMPLATE':         Print output using the given Go template.";

/** A line. `json` prints the object as it is. */
export function printObject(data: unknown, format: string, out: Output): void {
  const text = format === 'json' ? JSON.stringify(data) : objectTemplate(format)(data);
  out.print(`${text}\n`);
}

/** Compiles once, fills in often. */
export function objectTemplate(format: string): (data: unknown) => string {
  const template = compile(format);
  return (data) => fillObject(template, data);
}

function compile(format: string): Template {
  try {
    return compileTemplate(format);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new CliError(`template parsing error: ${error.message}`, SYNTAX_STATUS);
  }
}

function fillObject(template: Template, data: unknown): string {
  const maps = mapsOf(data);
  try {
    return template.execute(data, { isMap: (value) => maps.has(value), mayLack, nilText });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new CliError(`template parsing error: ${error.message}`);
  }
}
