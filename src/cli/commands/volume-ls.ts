/** `tiffin volume ls`. */

import type { VolumeListResponse } from '../../spec/docker.ts';
import { withQuery } from '../client/client.ts';
import type { Command } from '../command.ts';
import { filterFlag, filtersParameter } from '../filters.ts';
import { formatFlag, printList } from '../render/list.ts';
import { volumeList, volumeRow } from '../render/volume-row.ts';

export const volumeLs: Command = {
  usage: '[OPTIONS]',
  summary: 'List volumes',
  flags: [
    filterFlag,
    formatFlag,
    { name: 'quiet', short: 'q', kind: 'bool', help: 'Only display volume names' },
  ],
  args: { min: 0, max: 0 },
  run: async ({ flags, client, out }) => {
    const target = withQuery('/volumes', { filters: filtersParameter(flags) });
    const answer = await client.json<VolumeListResponse>('GET', target);
    const volumes = [...(answer.Volumes ?? [])];
    volumes.sort((a, b) => a.Name.localeCompare(b.Name, 'en', { numeric: true }));
    const options = { format: flags.text('format'), quiet: flags.bool('quiet'), out };
    printList(volumeList, volumes.map(volumeRow), options);
    for (const warning of answer.Warnings ?? []) out.error(`WARNING: ${warning}\n`);
    return 0;
  },
};
