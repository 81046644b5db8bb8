/** What every `inspect` prints: a list as JSON, or each object through a template; what failed follows on standard error. */

import { errorText } from '../error-text.ts';
import type { Output } from '../streams/output.ts';
import { objectTemplate } from './print-template.ts';

/** `ask` is called for one name after another. The exit status: 1 if one failed. */
export async function printInspected(
  names: readonly string[],
  ask: (name: string) => Promise<unknown>,
  format: string,
  out: Output,
): Promise<number> {
  const template = format === '' || format === 'json' ? undefined : objectTemplate(format);
  const found: unknown[] = [];
  const failures: string[] = [];
  for (const name of names) {
    try {
      found.push(await ask(name));
    } catch (error) {
      failures.push(errorText(error));
    }
  }
  if (template !== undefined) out.print(filled(template, found, failures));
  else out.print(`${JSON.stringify(found, null, format === 'json' ? 0 : 4)}\n`);
  for (const failure of failures) out.error(`${failure}\n`);
  return failures.length === 0 ? 0 : 1;
}

/** One line per object; an object that does not fit the template is a failure and prints nothing. */
function filled(
  fill: (data: unknown) => string,
  found: readonly unknown[],
  failures: string[],
): string {
  const lines: string[] = [];
  for (const data of found) {
    try {
      lines.push(fill(data));
    } catch (error) {
      failures.push(errorText(error));
    }
  }
  return `${lines.join('\n')}\n`;
}
