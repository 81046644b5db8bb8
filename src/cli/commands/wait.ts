/** `tiffin wait`. */

import type { WaitResponse } from '../../spec/docker.ts';
import type { Command } from '../command.ts';
import { forEach } from '../each.ts';

export const wait: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  summary: 'Block until one or more containers stop, then print their exit codes',
  flags: [],
  args: { min: 1 },
  run: ({ args, client, out }) =>
    forEach(args, out, async (name) => {
      const target = `/containers/${encodeURIComponent(name)}/wait`;
      const result = await client.json<WaitResponse>('POST', target);
      return String(result.StatusCode);
    }),
};
