/** `tiffin rename`. */

import { withQuery } from '../client/client.ts';
import { CliError, type Command } from '../command.ts';
import { errorText } from '../error-text.ts';

export const rename: Command = {
  usage: 'CONTAINER NEW_NAME',
  summary: 'Rename a container',
  flags: [],
  args: { min: 2, max: 2 },
  run: async ({ args, client }) => {
    const [from = '', to = ''] = args.map((name) => name.trim());
    if (from === '' || to === '')
      throw new CliError('Error: Neither old nor new names may be empty');
    const target = withQuery(`/containers/${encodeURIComponent(from)}/rename`, { name: to });
    try {
      await client.text('POST', target);
    } catch (error) {
      throw new CliError(`${errorText(error)}\nError: failed to rename container named ${from}`);
    }
    return 0;
  },
};
