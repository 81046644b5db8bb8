/** `--cache-from`: what images that somebody else built say of their steps. */

import type { BuildLayer, Layers, StepIdentity } from '../../build/worker.ts';
import type { HistoryEntry, ImageConfig } from '../../spec/image-config.ts';

export interface SourceImage {
  config: ImageConfig;
  /** Bottom first. */
  layers: Layers;
}

export type RecalledStep = { layer: BuildLayer | undefined; createdMs: number };

/**
 * What one of the images says that the step gives. Only an image that consists of exactly the layers so far, and more, can know:
 * by the key that its own build wrote down, or, when the step is known by its words and their past alone, by its history.
 * It is believed because the person named it (CVE-2024-24557), so nothing of it is remembered for other builds.
 */
export function recallFrom(
  images: readonly SourceImage[],
  step: StepIdentity,
): RecalledStep | undefined {
  for (const image of images) {
    if (!beginsWith(image.config, step.layers)) continue;
    const found = byKey(image, step) ?? byHistory(image, step);
    if (found !== undefined) return found;
  }
  return undefined;
}

function beginsWith({ diffIds }: ImageConfig, layers: Layers): boolean {
  return layers.every(({ diffId }, at) => diffIds[at] === diffId);
}

function byKey(image: SourceImage, { key, layers }: StepIdentity): RecalledStep | undefined {
  const written = image.config.buildSteps.find(
    (step) => step.key === key && step.below === layers.length,
  );
  return written && outcome(image, layers.length, written.emptyLayer, written.created);
}

function byHistory(
  image: SourceImage,
  { layers, history, createdBy }: StepIdentity,
): RecalledStep | undefined {
  const entry = image.config.history[history.length];
  if (createdBy === undefined || entry?.createdBy !== createdBy) return undefined;
  const past = image.config.history.slice(0, history.length);
  const isSame = past.every((each, at) => isSameStep(each, history[at]));
  const below = past.filter(({ emptyLayer }) => !emptyLayer).length;
  if (!isSame || below !== layers.length) return undefined;
  return outcome(image, below, entry.emptyLayer, entry.created);
}

function isSameStep(one: HistoryEntry, other: HistoryEntry | undefined): boolean {
  return one.createdBy === other?.createdBy && one.emptyLayer === other.emptyLayer;
}

function outcome(
  image: SourceImage,
  at: number,
  emptyLayer: boolean,
  created: string | undefined,
): RecalledStep | undefined {
  const layer = image.layers[at];
  if (!emptyLayer && layer === undefined) return undefined;
  const ms = Date.parse(created ?? '');
  return { layer: emptyLayer ? undefined : layer, createdMs: Number.isFinite(ms) ? ms : 0 };
}
