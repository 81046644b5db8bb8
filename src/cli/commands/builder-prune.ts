/** `tiffin builder prune`. */

import type { BuildPruneReport } from '../../spec/docker.ts';
import { withQuery } from '../client/client.ts';
import type { Command } from '../command.ts';
import { confirm } from '../confirm.ts';
import { filtersParameter, pruneFilterFlag } from '../filters.ts';
import { cachePruneText } from '../render/prune-text.ts';
import { decimalSize } from '../values/size.ts';

export const builderPrune: Command = {
  usage: '[OPTIONS]',
  summary: 'Remove build cache',
  flags: [
    {
      name: 'all',
      short: 'a',
      kind: 'bool',
      help: 'Remove all unused build cache, not just dangling ones',
    },
    pruneFilterFlag,
    { name: 'force', short: 'f', kind: 'bool', help: 'Do not prompt for confirmation' },
    { name: 'keep-storage', kind: 'size', help: 'Amount of disk space to keep for cache' },
  ],
  args: { min: 0, max: 0 },
  run: async ({ flags, client, out }) => {
    const all = flags.bool('all');
    const what = all ? 'all build cache' : 'all dangling build cache';
    if (!flags.bool('force')) await confirm(`WARNING! This will remove ${what}.`, out);
    const target = withQuery('/build/prune', {
      all,
      'keep-storage': flags.number('keep-storage'),
      filters: filtersParameter(flags, []),
    });
    const report = await client.json<BuildPruneReport>('POST', target);
    out.print(cachePruneText(report));
    out.print(`Total:\t${decimalSize(report.SpaceReclaimed)}\n`);
    return 0;
  },
};
