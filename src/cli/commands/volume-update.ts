/** `tiffin volume update`: docker's is about volumes of a swarm, which no volume here is. */

import type { Volume } from '../../spec/docker.ts';
import { CliError, type Command } from '../command.ts';

export const volumeUpdate: Command = {
  usage: '[OPTIONS] [VOLUME]',
  summary: 'Update a volume (cluster volumes only)',
  flags: [
    {
      name: 'availability',
      kind: 'string',
      help: 'Cluster Volume availability ("active", "pause", "drain")',
      fallback: 'active',
    },
  ],
  args: { min: 1, max: 1 },
  run: async ({ args, client }) => {
    const [name = ''] = args;
    await client.json<Volume>('GET', `/volumes/${encodeURIComponent(name)}`);
    throw new CliError('can only update cluster volumes');
  },
};
