/** `explain`: what a start did or would do, step by step. */

import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { errnoName, TiffinError } from '../../base/errors.ts';
import { newId } from '../../base/ids.ts';
import type { ContainerCreateRequest } from '../../spec/docker.ts';
import type { ExplainedStep } from '../contract.ts';
import { dryEndpoints } from '../launch/endpoints.ts';
import { prepareLaunch } from '../launch/prepare.ts';
import type { Parts } from '../parts.ts';
import { containerPaths } from '../paths.ts';
import type { Container } from './container.ts';
import { define, validate } from './create.ts';
import { explainPlan } from './explanation.ts';
import { findMountedImages, imagineMounts } from './make-mounts.ts';

/** The last start stays in memory this long, then its explanation moves into a file. */
const MEMORY_MS = 2000;

/** Of the last start. Throws `not-found` when the container was never started. */
export function explainContainer(parts: Parts, reference: string): ExplainedStep[] {
  const container = parts.containers.get(reference);
  if (container.explanation !== undefined) return explainPlan(container.explanation);
  try {
    // Written by `storeExplanation` only.
    const path = containerPaths(parts.paths, container.id).explain;
    return JSON.parse(readFileSync(path, 'utf8')) as ExplainedStep[];
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') throw error;
    const message = `container ${container.name} was not started yet`;
    throw new TiffinError('not-found', 'nothing-to-explain', message, {
      hint: 'start it, or explain a run that is to come with: tiffin run --explain …',
    });
  }
}

/** Plans with made-up addresses and an id of its own; reserves, makes and keeps nothing. */
export async function explainRun(
  parts: Parts,
  request: ContainerCreateRequest,
): Promise<ExplainedStep[]> {
  const image = await parts.images.resolve(request.Image);
  const defined = define(parts, { request, image, id: newId(), name: 'explained' });
  validate(parts, defined);
  const mounted = await findMountedImages(parts, request.HostConfig);
  const definition = { ...defined, mounts: imagineMounts(parts, defined, mounted) };
  const plan = dryEndpoints(parts, definition, (endpoints) =>
    prepareLaunch(parts, definition, endpoints),
  );
  return explainPlan({ plan });
}

/** Off the way of the start itself; the plan of a container that is gone by then is forgotten. */
export function storeExplanation(parts: Parts, container: Container): void {
  // The plan itself is not held here: a removed container takes it along at once.
  const { startedAt } = container.state;
  const timer = setTimeout(() => {
    const { explanation, state, removed } = container;
    if (parts.background.isClosed || removed || state.startedAt !== startedAt) return;
    if (explanation === undefined) return;
    parts.background.run('explanation', async () => {
      const { explain } = containerPaths(parts.paths, container.id);
      try {
        await writeFile(explain, JSON.stringify(explainPlan(explanation)), { mode: 0o600 });
      } catch (error) {
        if (!container.removed) throw error;
      }
      if (container.explanation === explanation) container.explanation = undefined;
    });
  }, MEMORY_MS);
  timer.unref();
}
