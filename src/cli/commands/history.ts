/** `tiffin history`. */

import type { HistoryItem } from '../../spec/docker.ts';
import { withQuery } from '../client/client.ts';
import type { Command } from '../command.ts';
import { formatFlag, type ListFormat, printList, type Row } from '../render/list.ts';
import { ago, ellipsis, shortId } from '../render/words.ts';
import { decimalSize } from '../values/size.ts';
import { localRfc3339 } from '../values/time.ts';

const CREATED_BY_WIDTH = 45;

const historyList: ListFormat = {
  type: 'history',
  id: 'ID',
  columns: ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment'],
  headers: {
    ID: 'IMAGE',
    CreatedSince: 'CREATED',
    CreatedAt: 'CREATED AT',
    CreatedBy: 'CREATED BY',
    Size: 'SIZE',
    Comment: 'COMMENT',
  },
};

export const history: Command = {
  usage: '[OPTIONS] IMAGE',
  summary: 'Show the history of an image',
  flags: [
    formatFlag,
    {
      name: 'human',
      short: 'H',
      kind: 'bool',
      help: 'Print sizes and dates in human readable format',
      fallback: 'true',
    },
    { name: 'no-trunc', kind: 'bool', help: "Don't truncate output", deprecated: ['-notrunc'] },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Only show image IDs' },
    { name: 'platform', kind: 'string', help: 'Show the given platform (os/arch[/variant])' },
  ],
  args: { min: 1, max: 1 },
  run: async ({ args, flags, client, out }) => {
    const [name = ''] = args;
    const platform = flags.text('platform') || undefined;
    const target = withQuery(`/images/${encodeURIComponent(name)}/history`, { platform });
    const items = await client.json<HistoryItem[]>('GET', target);
    const options = { full: flags.bool('no-trunc'), human: flags.bool('human') };
    const rows = items.map((item) => historyRow(item, options));
    const columns = options.human
      ? historyList.columns
      : ['ID', 'CreatedAt', 'CreatedBy', 'Size', 'Comment'];
    const quiet = flags.bool('quiet');
    printList({ ...historyList, columns }, rows, { format: flags.text('format'), quiet, out });
    return 0;
  },
};

function historyRow(item: HistoryItem, options: { full: boolean; human: boolean }): Row {
  const createdBy = item.CreatedBy.replaceAll('\t', ' ');
  const createdAt = () => localRfc3339(item.Created);
  return {
    ID: options.full ? item.Id : shortId(item.Id),
    CreatedSince: options.human ? ago(item.Created) : createdAt(),
    CreatedAt: createdAt,
    CreatedBy: options.full ? createdBy : ellipsis(createdBy, CREATED_BY_WIDTH),
    Size: options.human ? decimalSize(item.Size, 3) : String(item.Size),
    Comment: item.Comment,
  };
}
