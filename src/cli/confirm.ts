/** A question before something is lost. */

import { CliError } from './command.ts';
import { standardInput } from './streams/input.ts';
import type { Output } from './streams/output.ts';

/** Throws when the answer is not yes; an end of input is a no. Nothing was asked for then, so the status is 0, as docker's. */
export async function confirm(question: string, out: Output): Promise<void> {
  out.print(`${question}\nAre you sure you want to continue? [y/N] `);
  let answer = '';
  for await (const bytes of standardInput()) {
    answer += new TextDecoder().decode(bytes);
    if (answer.includes('\n')) break;
  }
  if (!/^y(?:es)?$/i.test(answer.split('\n', 1)[0]?.trim() ?? '')) {
    throw new CliError('', 0);
  }
}
