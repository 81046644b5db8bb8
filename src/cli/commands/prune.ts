/** `tiffin container prune`, and the same for images, networks and volumes. */

import type { PruneReport } from '../../spec/docker.ts';
import { type Client, withQuery } from '../client/client.ts';
import type { Command, Invocation } from '../command.ts';
import { confirm } from '../confirm.ts';
import { filtersParameter, pruneFilterFlag } from '../filters.ts';
import type { FlagSpec } from '../flags/spec.ts';
import { pruneText } from '../render/prune-text.ts';
import { decimalSize } from '../values/size.ts';

type Kind = 'containers' | 'images' | 'networks' | 'volumes';

const forceFlag: FlagSpec = {
  name: 'force',
  short: 'f',
  kind: 'bool',
  help: 'Do not prompt for confirmation',
};

interface PruneCommand {
  kind: Kind;
  summary: string;
  all?: string;
  warning: (all: boolean) => string;
  filters: (all: boolean) => string[];
  reclaims: boolean;
}

function pruneCommand(prune: PruneCommand): Command {
  const all: FlagSpec[] =
    prune.all === undefined ? [] : [{ name: 'all', short: 'a', kind: 'bool', help: prune.all }];
  return {
    usage: '[OPTIONS]',
    summary: prune.summary,
    flags: [...all, pruneFilterFlag, forceFlag],
    args: { min: 0, max: 0 },
    run: (invocation) => run(invocation, prune),
  };
}

async function run({ flags, client, out }: Invocation, prune: PruneCommand): Promise<number> {
  const all = prune.all !== undefined && flags.bool('all');
  if (!flags.bool('force')) await confirm(`WARNING! ${prune.warning(all)}`, out);
  const filters = filtersParameter(flags, prune.filters(all));
  const report = await pruneKind(client, prune.kind, filters);
  out.print(pruneText(report));
  if (prune.reclaims) {
    out.print(`Total reclaimed space: ${decimalSize(report.SpaceReclaimed ?? 0)}\n`);
  }
  return 0;
}

export function pruneKind(
  client: Client,
  kind: Kind,
  filters: string | undefined,
): Promise<PruneReport> {
  return client.json<PruneReport>('POST', withQuery(`/${kind}/prune`, { filters }));
}

export const containerPrune = pruneCommand({
  kind: 'containers',
  summary: 'Remove all stopped containers',
  warning: () => 'This will remove all stopped containers.',
  filters: () => [],
  reclaims: true,
});

export const imagePrune = pruneCommand({
  kind: 'images',
  summary: 'Remove unused images',
  all: 'Remove all unused images, not just dangling ones',
  warning: (all) =>
    all
      ? 'This will remove all images without at least one container associated to them.'
      : 'This will remove all dangling images.',
  filters: (all) => [`dangling=${!all}`],
  reclaims: true,
});

export const networkPrune = pruneCommand({
  kind: 'networks',
  summary: 'Remove all unused networks',
  warning: () => 'This will remove all custom networks not used by at least one container.',
  filters: () => [],
  reclaims: false,
});

export const volumePrune = pruneCommand({
  kind: 'volumes',
  summary: 'Remove unused local volumes',
  all: 'Remove all unused volumes, not just anonymous ones',
  warning: (all) =>
    all
      ? 'This will remove all local volumes not used by at least one container.'
      : 'This will remove anonymous local volumes not used by at least one container.',
  filters: (all) => (all ? ['all=true'] : []),
  reclaims: true,
});
