/** `tiffin system prune`. */

import type { BuildPruneReport } from '../../spec/docker.ts';
import { withQuery } from '../client/client.ts';
import type { Command } from '../command.ts';
import { confirm } from '../confirm.ts';
import { filtersParameter, pruneFilterFlag } from '../filters.ts';
import { cachePruneText, pruneText } from '../render/prune-text.ts';
import { decimalSize } from '../values/size.ts';
import { pruneKind } from './prune.ts';

export const systemPrune: Command = {
  usage: '[OPTIONS]',
  summary: 'Remove unused data',
  flags: [
    {
      name: 'all',
      short: 'a',
      kind: 'bool',
      help: 'Remove all unused images not just dangling ones',
    },
    pruneFilterFlag,
    { name: 'force', short: 'f', kind: 'bool', help: 'Do not prompt for confirmation' },
    { name: 'volumes', kind: 'bool', help: 'Prune anonymous volumes' },
  ],
  args: { min: 0, max: 0 },
  run: async ({ flags, client, out }) => {
    const all = flags.bool('all');
    const volumes = flags.bool('volumes');
    if (!flags.bool('force')) await confirm(warning(all, volumes), out);
    const filters = filtersParameter(flags);
    // Containers first: what only they used is unused then.
    const steps = [
      () => pruneKind(client, 'containers', filters),
      () => pruneKind(client, 'networks', filters),
      ...(volumes ? [() => pruneKind(client, 'volumes', filters)] : []),
      () => pruneKind(client, 'images', filtersParameter(flags, [`dangling=${!all}`])),
    ];
    let reclaimed = 0;
    for (const step of steps) {
      const report = await step();
      reclaimed += report.SpaceReclaimed ?? 0;
      out.print(pruneText(report));
    }
    const cache = await client.json<BuildPruneReport>('POST', withQuery('/build/prune', { all }));
    out.print(cachePruneText(cache));
    reclaimed += cache.SpaceReclaimed;
    out.print(`Total reclaimed space: ${decimalSize(reclaimed)}\n`);
    return 0;
  },
};

function warning(all: boolean, volumes: boolean): string {
  const lines = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
    all ? 'all build cache' : 'unused build cache',
  ];
  return `WARNING! This will remove:\n${lines.map((line) => `  - ${line}\n`).join('')}`;
}
