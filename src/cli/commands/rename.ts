/** `tiffin rename`. */

import { withQuery } from '../client/client.ts';
import { CliError, type Command } from '../command.ts';

export const rename: Command = {
  usage: 'CONTAINER NEW_NAME',
  summary: 'Rename a container',
  flags: [],
  args: { min: 2, max: 2 },
  run: async ({ args, client }) => {
    const [from = '', to = ''] = args.map((name) => name.trim());
    if (from === '' || to === '')
      throw new CliError('Error: Neither old nor new names may be empty');
    await client.text(
      'POST',
      withQuery(`/containers/${encodeURIComponent(from)}/rename`, { name: to }),
    );
    return 0;
  },
};
