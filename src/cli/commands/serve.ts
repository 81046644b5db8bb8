/** `tiffin serve`: the engine in the foreground. */

import { closeSync, writeSync } from 'node:fs';
import { defaultDataRoot, defaultExecRoot, socketPath } from '../client/engine.ts';
import { CliError, type Command } from '../command.ts';
import { errorText } from '../error-text.ts';

export const serve: Command = {
  usage: '[OPTIONS]',
  summary: 'Run the engine; containers outlive it',
  flags: [
    {
      name: 'data-root',
      kind: 'string',
      help: 'Directory of everything that lasts',
      fallback: defaultDataRoot,
    },
    {
      name: 'exec-root',
      kind: 'string',
      help: 'Directory of sockets and other state until the next boot',
      fallback: defaultExecRoot,
    },
    {
      name: 'host',
      short: 'H',
      kind: 'string',
      help: 'Socket to answer on (default: tiffin.sock in the exec root)',
    },
    {
      name: 'ready-fd',
      kind: 'int',
      help: 'Descriptor that hears when the engine answers',
      hidden: true,
    },
  ],
  args: { min: 0, max: 0 },
  run: async ({ flags, options }) => {
    if (options.serve === undefined) throw new CliError('this program has no engine');
    const report = reporter(flags.number('ready-fd'));
    const execRoot = absolute('exec-root', flags.text('exec-root'));
    const host = flags.text('host');
    const roots = {
      dataRoot: absolute('data-root', flags.text('data-root')),
      execRoot,
      socketPath: host === '' ? `${execRoot}/tiffin.sock` : socketPath(host),
    };
    try {
      return await options.serve(roots, () => report('ready'));
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

function absolute(flag: string, path: string): string {
  if (!path.startsWith('/')) throw new CliError(`--${flag} must be an absolute path: ${path}`);
  return path;
}
