/** `tiffin tag`. */

import { familiarName, parseReference, withDefaultTag } from '../../spec/reference.ts';
import { withQuery } from '../client/client.ts';
import { CliError, type Command } from '../command.ts';

export const tag: Command = {
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
  flags: [
    {
      name: 'force',
      kind: 'bool',
      help: 'A tag moves in any case',
      hidden: true,
      obsolete: true,
      deprecated: ['-f', '-force', '--force'],
    },
  ],
  args: { min: 2, max: 2 },
  run: async ({ args, client }) => {
    const [source = '', target = ''] = args;
    const reference = withDefaultTag(parseReference(target));
    if (reference.digest !== undefined)
      throw new CliError('refusing to create a tag with a digest reference');
    const query = { repo: familiarName(reference), tag: reference.tag };
    await client.text('POST', withQuery(`/images/${encodeURIComponent(source)}/tag`, query));
    return 0;
  },
};
