/** `tiffin images`. */

import type { ImageSummary } from '../../spec/docker.ts';
import { withQuery } from '../client/client.ts';
import type { Command } from '../command.ts';
import { filterFlag, filtersParameter } from '../filters.ts';
import { imageList, imageRows } from '../render/image-row.ts';
import { formatFlag, printList } from '../render/list.ts';

export const images: Command = {
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  summary: 'List images',
  flags: [
    {
      name: 'all',
      short: 'a',
      kind: 'bool',
      help: 'Show all images (default hides intermediate images)',
    },
    { name: 'digests', kind: 'bool', help: 'Show digests' },
    filterFlag,
    formatFlag,
    { name: 'no-trunc', kind: 'bool', help: "Don't truncate output", deprecated: ['-notrunc'] },
    {
      name: 'tree',
      kind: 'bool',
      help: 'Drew how images build on each other',
      hidden: true,
      refused: `docker draws no trees of images any more; "tiffin history IMAGE" lists an image's layers`,
      deprecated: ['-t', '-tree', '--tree', '-v', '-viz', '--viz'],
    },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Only show image IDs' },
  ],
  args: { min: 0, max: 1 },
  run: async ({ args, flags, client, out }) => {
    const reference = args.map((name) => `reference=${name}`);
    const found = await client.json<ImageSummary[]>(
      'GET',
      withQuery('/images/json', {
        all: flags.bool('all') || undefined,
        filters: filtersParameter(flags, reference),
      }),
    );
    const format = flags.text('format');
    const quiet = flags.bool('quiet');
    const digests = flags.bool('digests') || format.includes('.Digest');
    const list = flags.bool('digests')
      ? { ...imageList, columns: ['Repository', 'Tag', 'Digest', 'ID', 'CreatedSince', 'Size'] }
      : imageList;
    const rows = found.flatMap((image) =>
      imageRows(image, { full: flags.bool('no-trunc'), digests }),
    );
    printList(list, rows, { format, quiet, out });
    return 0;
  },
};
