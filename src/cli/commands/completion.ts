/** `tiffin completion`: scripts made from the command table. */

import { CliError, type Command } from '../command.ts';

export const completion: Command = {
  usage: 'bash|zsh|fish',
  summary: 'Print a completion script for a shell',
  flags: [],
  args: { min: 1, max: 1 },
  run: async ({ args, out }) => {
    const { completionScript } = await import('../completion/scripts.ts');
    const script = completionScript(args[0] ?? '');
    if (script === undefined) {
      throw new CliError(`unknown shell: ${args[0]}; there are completions for bash, zsh and fish`);
    }
    out.print(script);
    return 0;
  },
};
