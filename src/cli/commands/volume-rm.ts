/** `tiffin volume rm`. */

import { withQuery } from '../client/client.ts';
import type { Command } from '../command.ts';
import { forEach } from '../each.ts';

export const volumeRm: Command = {
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  summary: 'Remove one or more volumes',
  flags: [
    { name: 'force', short: 'f', kind: 'bool', help: 'Force the removal of one or more volumes' },
  ],
  args: { min: 1 },
  run: ({ args, flags, client, out }) =>
    forEach(args, out, async (name) => {
      const query = { force: flags.bool('force') || undefined };
      await client.text('DELETE', withQuery(`/volumes/${encodeURIComponent(name)}`, query));
      return name;
    }),
};
