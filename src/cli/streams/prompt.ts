/** A question on the terminal, answered by one line. */

import { CliError } from '../command.ts';
import { standardInput } from './input.ts';
import type { Output } from './output.ts';
import { isTerminal, rawMode } from './terminal.ts';

/** Without `echo` what is typed is not shown. */
export async function promptText(out: Output, question: string, echo: boolean): Promise<string> {
  if (!isTerminal(0))
    throw new CliError('cannot perform an interactive login from a non TTY device');
  out.error(question);
  using _raw = echo ? undefined : rawMode();
  let line = '';
  for await (const bytes of standardInput()) {
    for (const letter of Buffer.from(bytes).toString()) {
      if (letter === '\r' || letter === '\n') {
        if (!echo) out.error('\r\n');
        return line;
      }
      if (letter === '\u0003' || letter === '\u0004') throw new CliError('', 130);
      line = letter === '\u007f' ? line.slice(0, -1) : line + letter;
    }
  }
  return line;
}
