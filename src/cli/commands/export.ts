/** `tiffin export`. */

import type { Command } from '../command.ts';
import { refuseTerminal, writeArchive } from '../streams/file.ts';

export const exportContainer: Command = {
  usage: '[OPTIONS] CONTAINER',
  summary: "Export a container's filesystem as a tar archive",
  flags: [
    { name: 'output', short: 'o', kind: 'string', help: 'Write to a file, instead of STDOUT' },
  ],
  args: { min: 1, max: 1 },
  run: async ({ args, flags, client, out }) => {
    const path = flags.text('output');
    refuseTerminal(path, 'export');
    const [name = ''] = args;
    const response = await client.stream('GET', `/containers/${encodeURIComponent(name)}/export`);
    await writeArchive(path, response.body, out);
    return 0;
  },
};
