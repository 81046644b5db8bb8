/** Where the layers of a build lie, as overlayfs wants them. */

import type { Layers } from '../../build/worker.ts';
import type { Parts } from '../parts.ts';

/** From the top down. */
export function directoriesOf(parts: Parts, layers: Layers): string[] {
  return layers.map(({ diffId }) => parts.store.layers.path(diffId)).toReversed();
}
