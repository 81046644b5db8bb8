/** `tiffin network rm`. */

import { ApiError } from '../client/client.ts';
import type { Command } from '../command.ts';
import { forEach } from '../each.ts';

export const networkRm: Command = {
  usage: 'NETWORK [NETWORK...]',
  summary: 'Remove one or more networks',
  flags: [
    { name: 'force', short: 'f', kind: 'bool', help: 'Do not error if the network does not exist' },
  ],
  args: { min: 1 },
  run: ({ args, flags, client, out }) =>
    forEach(args, out, async (name) => {
      try {
        await client.text('DELETE', `/networks/${encodeURIComponent(name)}`);
      } catch (error) {
        const gone = error instanceof ApiError && error.status === 404;
        if (!gone || !flags.bool('force')) throw error;
      }
      return name;
    }),
};
