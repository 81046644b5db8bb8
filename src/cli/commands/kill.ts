/** `tiffin kill`. */

import { withQuery } from '../client/client.ts';
import type { Command } from '../command.ts';
import { forEach } from '../each.ts';

export const kill: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Kill one or more running containers',
  flags: [{ name: 'signal', short: 's', kind: 'string', help: 'Signal to send to the container' }],
  args: { min: 1 },
  run: ({ args, flags, client, out }) =>
    forEach(args, out, async (name) => {
      const signal = flags.text('signal') || undefined;
      await client.text(
        'POST',
        withQuery(`/containers/${encodeURIComponent(name)}/kill`, { signal }),
      );
      return name;
    }),
};
