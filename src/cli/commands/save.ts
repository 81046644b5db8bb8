/** `tiffin save`. */

import type { Command } from '../command.ts';
import { refuseTerminal, writeArchive } from '../streams/file.ts';

export const save: Command = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
  flags: [
    { name: 'output', short: 'o', kind: 'string', help: 'Write to a file, instead of STDOUT' },
    { name: 'platform', kind: 'string', help: 'Save only the given platform (os/arch[/variant])' },
  ],
  args: { min: 1 },
  run: async ({ args, flags, client, out }) => {
    const path = flags.text('output');
    refuseTerminal(path, 'save');
    const names = args.map((name) => `names=${encodeURIComponent(name)}`).join('&');
    const platform = flags.text('platform');
    const asked = platform === '' ? '' : `&platform=${encodeURIComponent(platform)}`;
    const response = await client.stream('GET', `/images/get?${names}${asked}`);
    await writeArchive(path, response.body, out);
    return 0;
  },
};
