/** `tiffin top`. */

import type { ContainerTop } from '../../spec/docker.ts';
import { withQuery } from '../client/client.ts';
import type { Command } from '../command.ts';
import { alignColumns } from '../render/table.ts';

const MIN_WIDTH = 20;

export const top: Command = {
  usage: 'CONTAINER [ps OPTIONS]',
  summary: 'Display the running processes of a container',
  flags: [],
  args: { min: 1 },
  stopsAtFirstArgument: true,
  run: async ({ args, client, out }) => {
    const [name = '', ...options] = args;
    const query = { ps_args: options.length === 0 ? undefined : options.join(' ') };
    const answer = await client.json<ContainerTop>(
      'GET',
      withQuery(`/containers/${encodeURIComponent(name)}/top`, query),
    );
    const lines = [answer.Titles, ...(answer.Processes ?? [])].map((row) => row.join('\t'));
    out.print(alignColumns(lines, MIN_WIDTH));
    return 0;
  },
};
