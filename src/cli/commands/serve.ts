/** `tiffin serve`: the engine in the foreground. */

import { closeSync, writeSync } from 'node:fs';
import { CliError, type Command, type ServeOptions } from '../command.ts';
import { errorText } from '../error-text.ts';
import type { FlagValues } from '../flags/values.ts';
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
      const asked = serveOptions(flags);
      const front = flags.text('cfs') === '' ? undefined : await openCfs(flags, asked);
      return await options.serve(asked, () => {
        report('ready');
        front?.begin();
      });
    } catch (error) {
      report(errorText(error));
      throw error;
    }
  },
};

/** A client of the engine like any other, which happens to live in its process. */
async function openCfs(flags: FlagValues, asked: ServeOptions) {
  const { openBeside } = await import('../cfs/server/beside.ts');
  return openBeside(flags.text('cfs'), flags.text('cfs-images'), asked);
}

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
