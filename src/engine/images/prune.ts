/** `image prune`. */

import type { Filters, ImageDeleteItem, PruneReport } from '../../spec/docker.ts';
import type { ImageRecord } from '../../store/index.ts';
import { checkFilters, lacksLabels, matchesLabels, parseUntil } from '../filters.ts';
import type { Parts } from '../parts.ts';
import { parseSwitch } from './filter.ts';
import { imageUses } from './image-uses.ts';

/** Images without a name; with `dangling=false` all that no container uses. */
export async function pruneImages(parts: Parts, filters: Filters): Promise<PruneReport> {
  checkFilters(filters, ['dangling', 'label', 'label!', 'until']);
  const all = (filters.get('dangling') ?? []).some((value) => !parseSwitch(value));
  const until = parseUntil(filters);
  const deleted: ImageDeleteItem[] = [];
  let reclaimed = 0;
  for (const image of parts.store.images.list()) {
    const { labels } = image.config.config;
    // Gone with its last child meanwhile, or still somebody's parent.
    if (parts.store.images.find(image.id) === undefined) continue;
    if (parts.store.parents.all().has(image.id)) continue;
    if (isUsed(parts, image) || (!all && image.tags.length > 0)) continue;
    if (!matchesLabels(labels, filters.get('label'))) continue;
    if (!lacksLabels(labels, filters.get('label!'))) continue;
    if (until !== undefined && image.createdMs >= until) continue;
    const items = await parts.store.remove(image.id, { force: true, uses: imageUses(parts) });
    deleted.push(...items);
    if (items.some((item) => 'Deleted' in item)) reclaimed += image.size;
  }
  const collected = await parts.store.collect();
  return { ImagesDeleted: deleted, SpaceReclaimed: reclaimed + collected.bytes };
}

function isUsed(parts: Parts, image: ImageRecord): boolean {
  return parts.containers.all().some(({ definition }) => definition.imageId === image.id);
}
