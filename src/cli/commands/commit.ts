/** `tiffin commit`. */

import { familiarName, parseReference } from '../../spec/reference.ts';
import type { Command } from '../command.ts';

export const commit: Command = {
  usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  summary: "Create a new image from a container's changes",
  flags: [
    {
      name: 'author',
      short: 'a',
      kind: 'string',
      help: 'Author (e.g. "Ann <ann@example.com>")',
      deprecated: ['-author'],
    },
    {
      name: 'change',
      short: 'c',
      kind: 'list',
      help: 'Apply Dockerfile instruction to the created image',
    },
    { name: 'message', short: 'm', kind: 'string', help: 'Commit message' },
    {
      name: 'pause',
      short: 'p',
      kind: 'bool',
      fallback: 'true',
      help: 'Pause container during commit',
    },
    {
      name: 'run',
      kind: 'string',
      help: 'Took the settings of the image as JSON',
      hidden: true,
      refused: `settings of the image are given as instructions: --change 'CMD ["program"]'`,
      deprecated: ['-run', '--run'],
    },
  ],
  args: { min: 1, max: 2 },
  run: async ({ args, flags, client, out }) => {
    const [container = '', name = ''] = args;
    const query = new URLSearchParams({ container });
    if (name !== '') {
      const reference = parseReference(name);
      query.set('repo', familiarName(reference));
      if (reference.tag !== undefined) query.set('tag', reference.tag);
      if (reference.digest !== undefined) query.set('repo', name);
    }
    if (flags.has('message')) query.set('comment', flags.text('message'));
    if (flags.has('author')) query.set('author', flags.text('author'));
    if (flags.has('pause') && !flags.bool('pause')) query.set('pause', '0');
    for (const change of flags.list('change')) query.append('changes', change);
    const { Id } = await client.json<{ Id: string }>('POST', `/commit?${query}`);
    out.print(`${Id}\n`);
    return 0;
  },
};
