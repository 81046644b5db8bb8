/** `rm`. */

import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { errnoName, TiffinError } from '../../base/errors.ts';
import type { Parts } from '../parts.ts';
import { containerPaths } from '../paths.ts';
import type { Container } from './container.ts';
import { emitContainer } from './container-events.ts';
import { cancelRestart } from './restart-policy.ts';

export interface RemoveOptions {
  force: boolean;
  volumes: boolean;
}

const MAX_ROUNDS = 10;

/** `kill` ends a run that is in the way; it is handed in so that the end of a run can remove, too. */
export async function removeContainer(
  parts: Parts,
  reference: string,
  options: RemoveOptions,
  kill: (parts: Parts, container: Container) => Promise<void>,
): Promise<void> {
  const container = parts.containers.get(reference);
  await container.settled();
  if (container.isLive && !options.force) throw stillRunning(container);
  for (let round = 1; !container.removed; round += 1) {
    if (container.isLive) await kill(parts, container);
    await container.turns.run(() => {
      // Whoever came first, `AutoRemove` or another request, has done it.
      if (container.removed) return;
      // Somebody has started it again meanwhile: it is ended once more, but not for ever.
      const giveUp = !options.force || round === MAX_ROUNDS;
      if (!container.isLive) removeStopped(parts, container, options.volumes);
      else if (giveUp) throw stillRunning(container);
    });
  }
}

/**
 * Removes a container that does not run. The caller holds its turn. The row goes first: what a crash leaves of the
 * directory has no row and is removed by the next engine.
 */
export function removeStopped(parts: Parts, container: Container, volumes: boolean): void {
  cancelRestart(container);
  parts.database.transaction(() => {
    parts.networks.disconnect(container.id);
    parts.table.delete(container.id);
  });
  container.removed = true;
  container.explanation = undefined;
  parts.containers.delete(container);
  parts.execs.forget(container.id);
  discard(parts, container.id);
  if (volumes) removeAnonymousVolumes(parts, container);
  emitContainer(parts, container, 'destroy');
  container.announceRemoval();
}

/** Out of the way at once, emptied later. */
function discard(parts: Parts, id: string): void {
  const { directory } = containerPaths(parts.paths, id);
  try {
    renameSync(directory, join(parts.paths.trash, id));
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') throw error;
  }
  parts.trash.empty();
}

function removeAnonymousVolumes(parts: Parts, container: Container): void {
  for (const mount of container.definition.mounts) {
    if (!mount.anonymous || mount.name === undefined) continue;
    // Another container may have taken it over with --volumes-from.
    if (parts.volumes.usersOf(mount.name).length > 0) continue;
    parts.volumes.remove(mount.name, true);
  }
  parts.trash.empty();
}

function stillRunning(container: Container): TiffinError {
  const paused = container.state.phase === 'paused';
  const state = paused ? 'paused' : 'running';
  const cure = paused
    ? 'unpause and then stop the container before removing or force remove'
    : 'stop the container before removing or force remove';
  return new TiffinError(
    'conflict',
    'container-running',
    `cannot remove container "/${container.name}": container is ${state}: ${cure}`,
  );
}
