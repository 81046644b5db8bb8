/** `tiffin network ls`. */

import type { NetworkResource } from '../../spec/docker.ts';
import { withQuery } from '../client/client.ts';
import type { Command } from '../command.ts';
import { filterFlag, filtersParameter } from '../filters.ts';
import { formatFlag, printList } from '../render/list.ts';
import { networkList, networkRow } from '../render/network-row.ts';

export const networkLs: Command = {
  usage: '[OPTIONS]',
  summary: 'List networks',
  flags: [
    filterFlag,
    formatFlag,
    { name: 'no-trunc', kind: 'bool', help: 'Do not truncate the output' },
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Only display network IDs' },
  ],
  args: { min: 0, max: 0 },
  run: async ({ flags, client, out }) => {
    const target = withQuery('/networks', { filters: filtersParameter(flags) });
    const networks = await client.json<NetworkResource[]>('GET', target);
    networks.sort((a, b) => a.Name.localeCompare(b.Name, 'en', { numeric: true }));
    const rows = networks.map((network) => networkRow(network, flags.bool('no-trunc')));
    printList(networkList, rows, { format: flags.text('format'), quiet: flags.bool('quiet'), out });
    return 0;
  },
};
