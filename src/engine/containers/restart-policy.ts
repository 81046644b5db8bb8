/** Which containers start again by themselves, and after what pause: Docker's rules. */

import { errorMessage } from '../../base/errors.ts';
import type { RestartPolicy } from '../../spec/docker.ts';
import type { Parts } from '../parts.ts';
import type { Container } from './container.ts';
import type { RunState } from './record.ts';

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 60_000;
/** A run this long counts as healthy: the next pause is short again. */
const LONG_RUN_MS = 10_000;

/** Starts a container whose turn the caller holds. */
export type Run = (parts: Parts, container: Container) => Promise<void>;

/** Whether the end of a run is followed by another. Stopping by hand decides elsewhere: it keeps every policy quiet. */
export function wantsRestart(
  policy: RestartPolicy,
  state: Pick<RunState, 'exitCode' | 'restartCount' | 'stoppedByHand'>,
): boolean {
  switch (policy.Name) {
    case 'always':
      return true;
    case 'unless-stopped':
      return !state.stoppedByHand;
    case 'on-failure': {
      const { MaximumRetryCount: most } = policy;
      return state.exitCode !== 0 && (most === 0 || state.restartCount < most);
    }
    default:
      return false;
  }
}

/** The pause before the next run: 100 ms, doubling up to a minute. */
export function nextDelay(lastDelayMs: number, ranMs: number): number {
  if (lastDelayMs === 0 || ranMs >= LONG_RUN_MS) return FIRST_DELAY_MS;
  return Math.min(lastDelayMs * 2, MAX_DELAY_MS);
}

/** The container's phase is `restarting`. */
export function scheduleRestart(parts: Parts, container: Container, run: Run): void {
  const delayMs = container.restartDelayMs;
  const timer = setTimeout(() => {
    container.restart = undefined;
    parts.background.run(`restart of container ${container.id}`, () =>
      restart(parts, container, run),
    );
  }, delayMs);
  container.restart = { timer, delayMs };
}

export function cancelRestart(container: Container): void {
  clearTimeout(container.restart?.timer);
  container.restart = undefined;
}

async function restart(parts: Parts, container: Container, run: Run): Promise<void> {
  await container.turns.run(async () => {
    if (container.state.phase !== 'restarting' || parts.background.isClosed) return;
    container.update({ restartCount: container.state.restartCount + 1 });
    try {
      await run(parts, container);
    } catch (error) {
      // The record has the reason; as with Docker, a start that fails is not tried again.
      console.error(`tiffin: container ${container.name} cannot restart: ${errorMessage(error)}`);
      container.announceExit();
    }
  });
}
