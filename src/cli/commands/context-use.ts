/** `tiffin context use`: later commands, docker's too, talk to that engine. */

import type { Command } from '../command.ts';
import { DEFAULT_CONTEXT, overridingVariable } from '../context/current.ts';
import { checkName, readContext } from '../context/store.ts';
import { readConfig, writeConfig } from '../image/docker-config.ts';

export const contextUse: Command = {
  usage: 'CONTEXT',
  summary: 'Set the current context',
  flags: [],
  args: { min: 1, max: 1 },
  run: async ({ args, out }) => {
    const [name = ''] = args;
    if (name !== DEFAULT_CONTEXT) checkName(name);
    readContext(name);
    setCurrent(name);
    out.print(`${name}\n`);
    out.error(`Current context is now ${JSON.stringify(name)}\n`);
    const variable = overridingVariable();
    if (variable !== undefined && name !== DEFAULT_CONTEXT) {
      out.error(
        `Warning: ${variable} environment variable overrides the active context. To use ${JSON.stringify(name)}, either set the global --context flag, or unset ${variable} environment variable.\n`,
      );
    }
    return 0;
  },
};

/** The default context is the absence of the field. */
export function setCurrent(name: string): void {
  const { currentContext: before, ...config } = readConfig();
  if (name !== DEFAULT_CONTEXT) writeConfig({ ...config, currentContext: name });
  else if (before !== undefined) writeConfig(config);
}
