/** The steps that made an image, newest first, in the terms of `docker history`. */

import type { Digest } from '../../spec/content.ts';
import type { ImageRecord, LayerSizes } from './images.ts';

export interface HistoryStep {
  /** The image's id on the newest step, those of its ancestors on as many below; the rest is known only by its layers. */
  id: Digest | undefined;
  /** RFC 3339, as written in the image. */
  created: string | undefined;
  createdBy: string;
  comment: string;
  author: string;
  /** Bytes of the step's layer; 0 when it has none. */
  size: number;
  /** Names of the image, on the newest step. */
  tags: readonly string[];
}

/** Layers beyond the recorded history, and histories longer than the layers, both occur in the wild. */
export function imageHistory(
  image: ImageRecord,
  ancestors: readonly ImageRecord[],
  layers: LayerSizes,
): HistoryStep[] {
  const steps: HistoryStep[] = [];
  let layer = 0;
  for (const entry of image.config.history) {
    const diffId = entry.emptyLayer ? undefined : image.layers[layer]?.diffId;
    if (!entry.emptyLayer) layer += 1;
    const { created, createdBy, comment, author } = entry;
    const size = diffId === undefined ? 0 : layers.size(diffId);
    steps.push({ id: undefined, created, createdBy, comment, author, size, tags: [] });
  }
  for (const { diffId } of image.layers.slice(layer)) {
    steps.push({
      id: undefined,
      created: image.config.created,
      createdBy: '',
      comment: '',
      author: '',
      size: layers.size(diffId),
      tags: [],
    });
  }
  steps.reverse();
  for (const [at, { id, tags }] of [image, ...ancestors].entries()) {
    const step = steps[at];
    if (step !== undefined) Object.assign(step, { id, tags });
  }
  return steps;
}
