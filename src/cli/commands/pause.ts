/** `tiffin pause` and `tiffin unpause`. */

import type { Command } from '../command.ts';
import { forEach } from '../each.ts';

function verb(name: 'pause' | 'unpause'): Command['run'] {
  return ({ args, client, out }) =>
    forEach(args, out, async (container) => {
      await client.text('POST', `/containers/${encodeURIComponent(container)}/${name}`);
      return container;
    });
}

export const pause: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  summary: 'Pause all processes within one or more containers',
  flags: [],
  args: { min: 1 },
  run: verb('pause'),
};

export const unpause: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  summary: 'Unpause all processes within one or more containers',
  flags: [],
  args: { min: 1 },
  run: verb('unpause'),
};
