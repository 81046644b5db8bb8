/** `tiffin pull`. */

import { parseReference } from '../../spec/reference.ts';
import { CliError, type Command } from '../command.ts';
import { oldTagFlag, withOldTag } from '../image/old-tag.ts';
import { pullImage } from '../image/pull.ts';

export const pull: Command = {
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  summary: 'Download an image from a registry',
  flags: [
    {
      name: 'all-tags',
      short: 'a',
      kind: 'bool',
      help: 'Download all tagged images in the repository',
    },
    { name: 'platform', kind: 'string', help: 'Platform of the image (os/arch[/variant])' },
    oldTagFlag,
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Suppress verbose output' },
  ],
  args: { min: 1, max: 1 },
  run: async ({ args, flags, client, out }) => {
    const image = withOldTag(args[0] ?? '', flags);
    const report = flags.bool('quiet') ? 'none' : 'progress';
    const platform = flags.text('platform');
    const allTags = flags.bool('all-tags');
    if (allTags && hasTag(image)) throw new CliError("tag can't be used with --all-tags/-a");
    out.print(`${await pullImage(client, { image, platform, allTags, report, out })}\n`);
    return 0;
  },
};

function hasTag(image: string): boolean {
  const { tag, digest } = parseReference(image);
  return tag !== undefined || digest !== undefined;
}
