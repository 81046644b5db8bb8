/** `tiffin load`. */

import { jsonLines, withQuery } from '../client/client.ts';
import type { Command } from '../command.ts';
import { type ProgressMessage, showProgress } from '../render/progress.ts';
import { readArchive } from '../streams/file.ts';

export const load: Command = {
  usage: '[OPTIONS]',
  summary: 'Load an image from a tar archive or STDIN',
  flags: [
    {
      name: 'input',
      short: 'i',
      kind: 'string',
      help: 'Read from tar archive file, instead of STDIN',
    },
    { name: 'platform', kind: 'string', help: 'Load only the given platform (os/arch[/variant])' },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Suppress the load output' },
  ],
  args: { min: 0, max: 0 },
  run: async ({ flags, client, out }) => {
    const body = await readArchive(flags.text('input'));
    const quiet = flags.bool('quiet');
    const platform = flags.text('platform') || undefined;
    const path = withQuery('/images/load', { quiet, platform });
    const response = await client.stream('POST', path, { body });
    await showProgress(jsonLines<ProgressMessage>(response.body), { fd: 1, quiet: false, out });
    return 0;
  },
};
