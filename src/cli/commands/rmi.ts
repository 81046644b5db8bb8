/** `tiffin rmi`. */

import type { ImageDeleteItem } from '../../spec/docker.ts';
import { ApiError, withQuery } from '../client/client.ts';
import type { Command } from '../command.ts';
import { errorText } from '../error-text.ts';

export const rmi: Command = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  summary: 'Remove one or more images',
  flags: [
    { name: 'force', short: 'f', kind: 'bool', help: 'Force removal of the image' },
    {
      name: 'platform',
      kind: 'list',
      help: 'Remove only the given platform (os/arch[/variant])',
    },
    { name: 'no-prune', kind: 'bool', help: 'Do not delete untagged parents' },
  ],
  args: { min: 1 },
  run: async ({ args, flags, client, out }) => {
    let status = 0;
    const platforms = flags.list('platform');
    // One after the other: two names of one image depend on each other.
    for (const name of args) {
      const query = {
        force: flags.bool('force') || undefined,
        noprune: flags.bool('no-prune') || undefined,
      };
      try {
        const target = withQuery(`/images/${encodeURIComponent(name)}`, query, { platforms });
        for (const item of await client.json<ImageDeleteItem[]>('DELETE', target)) {
          out.print(
            item.Deleted === undefined
              ? `Untagged: ${item.Untagged}\n`
              : `Deleted: ${item.Deleted}\n`,
          );
        }
      } catch (error) {
        const gone = error instanceof ApiError && error.status === 404;
        if (!gone || !flags.bool('force')) status = 1;
        out.error(`${errorText(error)}\n`);
      }
    }
    return status;
  },
};
