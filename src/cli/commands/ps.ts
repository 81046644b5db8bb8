/** `tiffin ps`. */

import type { ContainerSummary } from '../../spec/docker.ts';
import { withQuery } from '../client/client.ts';
import type { Command } from '../command.ts';
import { asFilter, filterFlag, filtersParameter } from '../filters.ts';
import type { OldSpelling } from '../flags/old-spelling.ts';
import { containerList, containerRow } from '../render/container-row.ts';
import { formatFlag, printList } from '../render/list.ts';

const oldFilters: readonly OldSpelling[] = [
  ...['-sinceId', '--since-id', '--since'].map((word) => asFilter(word, 'since')),
  ...['-beforeId', '--before-id', '--before'].map((word) => asFilter(word, 'before')),
];

export const ps: Command = {
  usage: '[OPTIONS]',
  summary: 'List containers',
  flags: [
    {
      name: 'all',
      short: 'a',
      kind: 'bool',
      help: 'Show all containers (default shows just running)',
    },
    { ...filterFlag, deprecated: oldFilters },
    formatFlag,
    {
      name: 'last',
      short: 'n',
      kind: 'int',
      help: 'Show n last created containers (includes all states)',
    },
    {
      name: 'latest',
      short: 'l',
      kind: 'bool',
      help: 'Show the latest created container (includes all states)',
    },
    { name: 'no-trunc', kind: 'bool', help: "Don't truncate output", deprecated: ['-notrunc'] },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Only display container IDs' },
    { name: 'size', short: 's', kind: 'bool', help: 'Display total file sizes' },
  ],
  args: { min: 0, max: 0 },
  run: async ({ flags, client, out }) => {
    const format = flags.text('format');
    // `json .` prints every field of a row.
    const size = flags.bool('size') || /\.Size|json +\.(?![A-Za-z])/.test(format);
    const last = flags.bool('latest') ? 1 : (flags.number('last') ?? -1);
    const containers = await client.json<ContainerSummary[]>(
      'GET',
      withQuery('/containers/json', {
        all: flags.bool('all') || undefined,
        limit: last > 0 ? last : undefined,
        size: size || undefined,
        filters: filtersParameter(flags),
      }),
    );
    const list = flags.bool('size')
      ? { ...containerList, columns: [...containerList.columns, 'Size'] }
      : containerList;
    const rows = containers.map((container) => containerRow(container, flags.bool('no-trunc')));
    printList(list, rows, { format, quiet: flags.bool('quiet'), out });
    return 0;
  },
};
