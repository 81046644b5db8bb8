/** `pause` and `unpause`: the freezer of the container's cgroup. */

import { errnoName, TiffinError } from '../../base/errors.ts';
import { freeze } from '../../cgroup/index.ts';
import type { Parts } from '../parts.ts';
import type { Container } from './container.ts';
import { emitContainer } from './container-events.ts';

export async function pauseContainer(parts: Parts, reference: string): Promise<void> {
  const container = parts.containers.get(reference);
  await container.turns.run(async () => {
    const { phase } = container.state;
    if (phase === 'paused') throw conflict(`container ${container.id} is already paused`);
    if (phase === 'restarting')
      throw conflict(
        `container ${container.id} is restarting, wait until the container is running`,
      );
    if (phase !== 'running') throw conflict(`container ${container.id} is not running`);
    await switchFreezer(container, true);
    container.update({ phase: 'paused' });
    emitContainer(parts, container, 'pause');
  });
}

export async function unpauseContainer(parts: Parts, reference: string): Promise<void> {
  const container = parts.containers.get(reference);
  await container.turns.run(async () => {
    if (container.state.phase !== 'paused')
      throw conflict(`Container ${container.id} is not paused`);
    await switchFreezer(container, false);
    container.update({ phase: 'running' });
    emitContainer(parts, container, 'unpause');
  });
}

async function switchFreezer(container: Container, frozen: boolean): Promise<void> {
  const { cgroup } = container.state;
  if (cgroup === undefined) throw conflict(`container ${container.id} has no cgroup`);
  try {
    await freeze(cgroup, frozen);
  } catch (error) {
    // Its process has just ended; the end is handled in the next turn.
    if (errnoName(error) !== 'ENOENT' && errnoName(error) !== 'ENODEV') throw error;
    throw conflict(`container ${container.id} is not running`);
  }
}

function conflict(message: string): TiffinError {
  return new TiffinError('conflict', 'wrong-state', message);
}
