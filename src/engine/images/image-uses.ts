/** Which containers were made from which images. */

import type { ImageUse } from '../../store/index.ts';
import type { Parts } from '../parts.ts';

export function imageUses(parts: Parts): ImageUse[] {
  return parts.containers.all().map((container) => ({
    image: container.definition.imageId,
    container: container.id,
    running: container.isRunning,
  }));
}
