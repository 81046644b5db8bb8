/** `tiffin serve`: the engine in the foreground. */

import { closeSync, writeSync } from 'node:fs';
import { CliError, type Command } from '../command.ts';
import { errorText } from '../error-text.ts';
import { serveFlags } from '../serve/flags.ts';
import { serveOptions } from '../serve/options.ts';

export const serve: Command = {
  usage: '[OPTIONS]',
  summary: 'Run the engine; containers outlive it',
  flags: serveFlags,
  args: { min: 0, max: 0 },
  run: async ({ flags, options }) => {
    if (options.serve === undefined) throw new CliError('this program has no engine');
    const report = reporter(flags.number('ready-fd'));
    try {
      return await options.serve(serveOptions(flags), () => report('ready'));
    } catch (error) {
      report(errorText(error));
      throw error;
    }
  },
};

/** Tells whoever started the engine how it went, once. */
function reporter(fd: number | undefined): (text: string) => void {
  let told = fd === undefined;
  return (text) => {
    if (told || fd === undefined) return;
    told = true;
    try {
      writeSync(fd, `${text}\n`);
    } catch {
      // Whoever waited is gone: the engine serves all the same.
    }
    closeSync(fd);
  };
}
