/** `tiffin import`. */

import { familiarName, parseReference } from '../../spec/reference.ts';
import { jsonLines } from '../client/client.ts';
import type { Command } from '../command.ts';
import { type ProgressMessage, showProgress } from '../render/progress.ts';
import { readArchive } from '../streams/file.ts';

export const importImage: Command = {
  usage: '[OPTIONS] file|- [REPOSITORY[:TAG]]',
  summary: 'Import the contents from a tarball to create a filesystem image',
  flags: [
    {
      name: 'change',
      short: 'c',
      kind: 'list',
      help: 'Apply Dockerfile instruction to the created image',
    },
    { name: 'message', short: 'm', kind: 'string', help: 'Set commit message for imported image' },
    { name: 'platform', kind: 'string', help: 'Platform of the image (os/arch[/variant])' },
  ],
  args: { min: 1, max: 2 },
  run: async ({ args, flags, client, out }) => {
    const [file = '', name = ''] = args;
    const query = new URLSearchParams({ fromSrc: '-' });
    if (name !== '') {
      const reference = parseReference(name);
      query.set('repo', familiarName(reference));
      if (reference.tag !== undefined) query.set('tag', reference.tag);
    }
    if (flags.has('message')) query.set('message', flags.text('message'));
    if (flags.has('platform')) query.set('platform', flags.text('platform'));
    for (const change of flags.list('change')) query.append('changes', change);
    const body = await readArchive(file);
    const response = await client.stream('POST', `/images/create?${query}`, { body });
    await showProgress(jsonLines<ProgressMessage>(response.body), { fd: 1, quiet: false, out });
    return 0;
  },
};
