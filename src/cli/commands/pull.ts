/** `tiffin pull`. */

import type { Command } from '../command.ts';
import { pullImage } from '../image/pull.ts';

export const pull: Command = {
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  summary: 'Download an image from a registry',
  flags: [
    { name: 'platform', kind: 'string', help: 'Platform of the image (os/arch[/variant])' },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Suppress verbose output' },
  ],
  args: { min: 1, max: 1 },
  run: async ({ args, flags, client, out }) => {
    const [image = ''] = args;
    const report = flags.bool('quiet') ? 'none' : 'progress';
    const platform = flags.text('platform');
    out.print(`${await pullImage(client, { image, platform, report, out })}\n`);
    return 0;
  },
};
