/** `system fsck`: the store, and what containers need of it. */

import type { StoreCheck } from '../contract.ts';
import type { Parts } from '../parts.ts';

export async function checkStore(parts: Parts, repair: boolean): Promise<StoreCheck> {
  const running = parts.containers
    .all()
    .filter((container) => container.isRunning || container.state.phase === 'starting');
  const images = new Set(running.map(({ definition }) => definition.imageId));
  const busyLayers = new Set([...images].flatMap((id) => parts.store.layersOf(id) ?? []));
  const report = await parts.store.check({ repair, busyLayers });
  // A layer that was made anew may have another path.
  if (repair) parts.images.forget();
  const lost = parts.containers
    .all()
    .filter(({ definition }) => parts.store.layersOf(definition.imageId) === undefined)
    .map(({ definition: { name, imageId } }) => ({
      Kind: 'container-image-missing',
      Subject: name,
      Detail: `its image ${imageId} is not here any more`,
      Repaired: false,
    }));
  return {
    Blobs: report.blobs,
    Layers: report.layers,
    Images: report.images,
    Problems: [
      ...report.problems.map(({ kind, subject, detail, repaired }) => ({
        Kind: kind,
        Subject: subject,
        Detail: detail,
        Repaired: repaired,
      })),
      ...lost,
    ],
  };
}
