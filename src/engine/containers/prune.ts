/** `container prune`. */

import type { Filters, PruneReport } from '../../spec/docker.ts';
import { checkFilters, lacksLabels, matchesLabels, parseUntil } from '../filters.ts';
import type { Parts } from '../parts.ts';
import type { Container } from './container.ts';
import { removeStopped } from './remove.ts';
import { containerSizes } from './size.ts';

export async function pruneContainers(parts: Parts, filters: Filters): Promise<PruneReport> {
  checkFilters(filters, ['label', 'label!', 'until']);
  const until = parseUntil(filters);
  const wanted = (container: Container): boolean => {
    const { config, created } = container.definition;
    return (
      !container.isRunning &&
      container.state.phase !== 'starting' &&
      matchesLabels(config.Labels, filters.get('label')) &&
      lacksLabels(config.Labels, filters.get('label!')) &&
      (until === undefined || Date.parse(created) < until)
    );
  };
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const container of parts.containers.all().filter(wanted)) {
    const { SizeRw } = await containerSizes(parts, container);
    await container.turns.run(() => {
      if (container.removed || !wanted(container)) return;
      removeStopped(parts, container, false);
      deleted.push(container.id);
      reclaimed += SizeRw;
    });
  }
  return { ContainersDeleted: deleted, SpaceReclaimed: reclaimed };
}
