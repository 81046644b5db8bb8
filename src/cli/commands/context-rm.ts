/** `tiffin context rm`. */

import { CliError, type Command } from '../command.ts';
import { DEFAULT_CONTEXT } from '../context/current.ts';
import { contextExists, removeContext } from '../context/store.ts';
import { forEach } from '../each.ts';
import { readConfig, textAt } from '../image/docker-config.ts';
import { setCurrent } from './context-use.ts';

export const contextRm: Command = {
  usage: '[OPTIONS] CONTEXT [CONTEXT...]',
  summary: 'Remove one or more contexts',
  flags: [
    { name: 'force', short: 'f', kind: 'bool', help: 'Force the removal of a context in use' },
  ],
  args: { min: 1 },
  run: ({ args, flags, engine, out }) =>
    forEach(args, out, async (name) => {
      const quoted = JSON.stringify(name);
      if (name === DEFAULT_CONTEXT) throw new CliError(`context ${quoted} cannot be removed`);
      const force = flags.bool('force');
      if (!force && !contextExists(name)) throw new CliError(`context ${quoted} does not exist`);
      if (!force && name === engine.context()) {
        throw new CliError(`context ${quoted} is in use, set -f flag to force remove`);
      }
      if (textAt(readConfig(), 'currentContext') === name) setCurrent(DEFAULT_CONTEXT);
      removeContext(name);
      return name;
    }),
};
