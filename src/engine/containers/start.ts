/** `start`, and everything that makes a container run again: `restart`, restart policies. */

import { errorMessage, TiffinError } from '../../base/errors.ts';
import type { Monitor } from '../../host/monitor.ts';
import { announceConnected } from '../launch/endpoints.ts';
import { launch, runningCgroup } from '../launch/launch.ts';
import { serveNames } from '../networks/names.ts';
import type { Parts } from '../parts.ts';
import { formatTime } from '../time.ts';
import { announceVolumes } from '../volumes/announce.ts';
import { mountVolumes, unmountVolumes } from '../volumes/mounts.ts';
import type { Container } from './container.ts';
import { emitContainer } from './container-events.ts';
import { watchExit } from './exit.ts';
import { storeExplanation } from './explain.ts';
import { startHealth } from './health.ts';
import { OutputHub } from './output-hub.ts';
import { recover } from './recover.ts';
import { removeStopped } from './remove.ts';
import { cancelRestart, scheduleRestart } from './restart-policy.ts';
import { noSuchContainer } from './set.ts';

/** Program did not run for another reason than its own file, as Docker counts. */
const OTHER_START_FAILURE = 128;

/** Resolves to the process id; the process may have ended by then. */
export async function startContainer(parts: Parts, reference: string): Promise<number> {
  const container = parts.containers.get(reference);
  return container.turns.run(async () => {
    refuseStart(container, reference);
    cancelRestart(container);
    container.restartDelayMs = 0;
    container.update({ restartCount: 0, stoppedByHand: false });
    try {
      await run(parts, container);
      return container.state.pid;
    } catch (error) {
      if (container.definition.hostConfig.AutoRemove) removeStopped(parts, container, true);
      throw error;
    }
  });
}

/** Launches. The caller holds the container's turn; on failure the record tells why. */
export async function run(parts: Parts, container: Container): Promise<void> {
  const fresh = container.state.phase === 'created';
  container.update({ phase: 'starting', error: '', oomKilled: false });
  try {
    await parts.deliveries.require(container);
    await mountVolumes(parts, container);
    const { monitor, endpoints } = await launch(parts, container);
    entered(parts, container, monitor);
    announceConnected(parts, container.id, endpoints);
    announceVolumes(parts, container, 'mount');
    emitContainer(parts, container, 'start');
    storeExplanation(parts, container);
  } catch (error) {
    const exitCode =
      (error instanceof TiffinError ? error.exitCode : undefined) ?? OTHER_START_FAILURE;
    container.update({ phase: fresh ? 'created' : 'exited', exitCode, error: errorMessage(error) });
    container.hub.end();
    container.hub = new OutputHub();
    await unmountVolumes(parts, container);
    throw error;
  }
}

/** A process runs: this one of a launch, or one that an engine before left. */
export function entered(parts: Parts, container: Container, monitor: Monitor): void {
  container.monitor = monitor;
  container.update({
    phase: 'running',
    pid: monitor.pid,
    startTime: String(monitor.startTime),
    startedAt: formatTime(monitor.startedNs),
    exitCode: 0,
    cgroup: runningCgroup(parts, container),
  });
  const { StdinOnce, Tty } = container.definition.config;
  container.hub.run(monitor, { closesInput: StdinOnce && !Tty });
  serveNames(parts, container, monitor);
  watchExit(parts, container, monitor, {
    again,
    lost: () => recover(parts, container, (other) => entered(parts, container, other), again),
  });
  startHealth(parts, container);
  parts.deliveries.start(container);
}

/** The next run by policy, after the pause that is due. */
export function again(parts: Parts, container: Container): void {
  scheduleRestart(parts, container, run);
}

function refuseStart(container: Container, reference: string): void {
  if (container.removed) throw noSuchContainer(reference);
  if (container.state.phase === 'paused') {
    const message = 'cannot start a paused container, try unpause instead';
    throw new TiffinError('conflict', 'container-paused', message);
  }
  if (container.isLive) {
    throw new TiffinError(
      'not-modified',
      'already-running',
      `container ${container.id} is already running`,
    );
  }
}
