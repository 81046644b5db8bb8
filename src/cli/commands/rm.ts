/** `tiffin rm`. */

import { ApiError, withQuery } from '../client/client.ts';
import type { Command } from '../command.ts';
import { forEach } from '../each.ts';

export const rm: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Remove one or more containers',
  flags: [
    {
      name: 'force',
      short: 'f',
      kind: 'bool',
      help: 'Force the removal of a running container (uses SIGKILL)',
    },
    {
      name: 'link',
      short: 'l',
      kind: 'bool',
      help: 'Remove the specified link',
      deprecated: ['-link'],
    },
    {
      name: 'volumes',
      short: 'v',
      kind: 'bool',
      help: 'Remove anonymous volumes associated with the container',
    },
  ],
  args: { min: 1 },
  run: ({ args, flags, client, out }) =>
    forEach(args, out, async (name) => {
      const container = name.replace(/^\/+|\/+$/g, '');
      const force = flags.bool('force');
      const target = withQuery(`/containers/${encodeURIComponent(container)}`, {
        force: force || undefined,
        link: flags.bool('link') || undefined,
        v: flags.bool('volumes') || undefined,
      });
      try {
        await client.text('DELETE', target);
      } catch (error) {
        // What is gone already is what was wanted.
        if (!(force && error instanceof ApiError && error.status === 404)) throw error;
        out.error(`Error response from daemon: ${error.message}\n`);
        return undefined;
      }
      return name;
    }),
};
