/** How many containers were made from each image. */

import type { Parts } from '../parts.ts';

/** By image id; an image without containers is absent. */
export function containerCounts(parts: Pick<Parts, 'containers'>): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  for (const { definition } of parts.containers.all()) {
    uses.set(definition.imageId, (uses.get(definition.imageId) ?? 0) + 1);
  }
  return uses;
}
