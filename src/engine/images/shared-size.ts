/** How much of an image other images have too. */

import type { Digest } from '../../spec/content.ts';
import type { ImageRecord, Store } from '../../store/index.ts';

/** Bytes of the layers that more than one of `images` has, for each of them. */
export function sharedSizes(
  store: Pick<Store, 'layers'>,
  images: readonly ImageRecord[],
): Map<Digest, number> {
  const uses = new Map<Digest, number>();
  for (const diffId of images.flatMap(({ config }) => [...new Set(config.diffIds)])) {
    uses.set(diffId, (uses.get(diffId) ?? 0) + 1);
  }
  const sizeOf = ({ config }: ImageRecord): number =>
    config.diffIds
      .filter((diffId) => (uses.get(diffId) ?? 0) > 1)
      .reduce((sum, diffId) => sum + store.layers.size(diffId), 0);
  return new Map(images.map((image) => [image.id, sizeOf(image)]));
}
