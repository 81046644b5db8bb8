/** The end of a run: what is recorded, who is told, and what follows. */

import { errorMessage } from '../../base/errors.ts';
import { oomKills } from '../../cgroup/index.ts';
import type { ExitRecord } from '../../host/frames.ts';
import type { Monitor } from '../../host/monitor.ts';
import { disconnectAll } from '../launch/endpoints.ts';
import { removeCgroupLeft, removeRunDirectory, runTeardown } from '../launch/teardown.ts';
import { removeLateEndpoints } from '../networks/disconnect.ts';
import type { Parts } from '../parts.ts';
import { runPaths } from '../paths.ts';
import { formatTime, nowNs } from '../time.ts';
import { announceVolumes } from '../volumes/announce.ts';
import { unmountVolumes } from '../volumes/mounts.ts';
import type { Container } from './container.ts';
import { emitContainer } from './container-events.ts';
import { stopHealth } from './health.ts';
import { OutputHub } from './output-hub.ts';
import { removeStopped } from './remove.ts';
import { nextDelay, wantsRestart } from './restart-policy.ts';

/** The status of a container whose monitor vanished, so that nobody can tell the real one. */
const UNKNOWN_STATUS = 255;

/** Arranges the next run; the container's phase is `restarting`. */
export type Again = (parts: Parts, container: Container) => void;

/** Hears of the end. `lost` finds out what happened when the connection ended without a record. */
export function watchExit(
  parts: Parts,
  container: Container,
  monitor: Monitor,
  after: { again: Again; lost: () => Promise<void> },
): void {
  void monitor.exited.then((record) => {
    if (parts.background.isClosed) return;
    parts.background.run(`end of container ${container.id}`, () =>
      container.turns.run(async () => {
        if (container.monitor !== monitor) return;
        if (record === undefined) await after.lost();
        else await ended(parts, container, record, after.again);
      }),
    );
  });
}

/**
 * The caller holds the container's turn. `record` undefined: the monitor died without one. `again` undefined: whatever its policy, no run
 * follows.
 */
export async function ended(
  parts: Parts,
  container: Container,
  record: ExitRecord | undefined,
  again: Again | undefined,
): Promise<void> {
  const run = runPaths(parts.paths.runContainers, container.id);
  if (record === undefined) await runTeardown(parts.launcher, run);
  await removeCgroupLeft(parts.launcher, container.state.cgroup);
  await removeLateEndpoints(parts, container);
  const outcome = record ?? lostRun();
  stopHealth(container);
  letGo(container);
  const restarts = again !== undefined && wantsAnotherRun(container, outcome);
  const kept = keepRecord(() => {
    settle(container, outcome, restarts);
    leave(parts, container);
  });
  await unmountVolumes(parts, container);
  // Only now: until the state is in the database the exit record is what the next engine would learn it from.
  if (kept) removeRunDirectory(run);
  announce(parts, container, outcome);
  container.announceExit();
  if (restarts) again(parts, container);
  else if (container.definition.hostConfig.AutoRemove && !container.kept)
    removeStopped(parts, container, true);
}

function lostRun(): ExitRecord {
  const endedNs = nowNs();
  return {
    status: UNKNOWN_STATUS,
    signal: 0,
    startedNs: endedNs,
    endedNs,
    captures: new Map(),
  };
}

/** Frees what the run held in the database, and tells of it. */
function leave(parts: Parts, container: Container): void {
  disconnectAll(parts, container.id);
  announceVolumes(parts, container, 'unmount');
}

/** The run's connection and its clients, who read the rest of their output by themselves. */
function letGo(container: Container): void {
  container.monitor?.close();
  container.monitor = undefined;
  container.hub = new OutputHub();
}

/** A full disk must not keep those who wait for the end from hearing of it. */
function keepRecord(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    console.error(`tiffin: the end of a container cannot be recorded: ${errorMessage(error)}`);
    return false;
  }
}

function wantsAnotherRun({ state, definition }: Container, { status }: ExitRecord): boolean {
  const { RestartPolicy } = definition.hostConfig;
  return !state.stoppedByHand && wantsRestart(RestartPolicy, { ...state, exitCode: status });
}

function settle(container: Container, outcome: ExitRecord, restarts: boolean): void {
  if (restarts) {
    const ranMs = Number((outcome.endedNs - outcome.startedNs) / 1_000_000n);
    container.restartDelayMs = nextDelay(container.restartDelayMs, ranMs);
  }
  container.update({
    phase: restarts ? 'restarting' : 'exited',
    pid: 0,
    exitCode: outcome.status,
    oomKilled: oomKills(outcome.captures) > 0,
    finishedAt: formatTime(outcome.endedNs),
  });
}

function announce(parts: Parts, container: Container, outcome: ExitRecord): void {
  if (container.state.oomKilled) emitContainer(parts, container, 'oom');
  const seconds = (outcome.endedNs - outcome.startedNs) / 1_000_000_000n;
  emitContainer(parts, container, 'die', {
    exitCode: String(outcome.status),
    execDuration: String(seconds),
  });
}
