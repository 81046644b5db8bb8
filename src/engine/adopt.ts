/** Taking over what an engine before left: running containers, ended ones, and the rubble of a crash. */

import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '../base/errors.ts';
import { randomSuffix } from '../base/ids.ts';
import { isFrozen } from '../cgroup/index.ts';
import type { Monitor } from '../host/monitor.ts';
import { Container } from './containers/container.ts';
import { type Again, ended } from './containers/exit.ts';
import { NEVER } from './containers/record.ts';
import { recover, traceRun } from './containers/recover.ts';
import { wantsRestart } from './containers/restart-policy.ts';
import { again, entered, run } from './containers/start.ts';
import { removeRunDirectory, runTeardown } from './launch/teardown.ts';
import { healNetworks } from './networks/heal.ts';
import type { Parts } from './parts.ts';
import { runPaths } from './paths.ts';
import { formatTime } from './time.ts';
import { unmountUnused } from './volumes/mounts.ts';

const SIGKILL = 9;
/** Phases in which a process may exist. */
const MAYBE_LIVE: ReadonlySet<string> = new Set(['starting', 'running', 'paused']);

/** Records into memory; nothing runs yet that could change them. */
export function loadContainers(parts: Parts): void {
  for (const { definition, state } of parts.table.all()) {
    parts.containers.add(new Container(definition, state, parts.table));
  }
}

/** Brings every record and every directory in line with what exists. `restart` false: what has ended meanwhile stays so. */
export async function adopt(parts: Parts, restart: boolean): Promise<void> {
  const next = restart ? again : undefined;
  discardUnknown(parts);
  parts.volumes.forgetLost();
  await Promise.all(parts.containers.all().map((container) => adoptOne(parts, container, next)));
  await sweepRuns(parts);
  await unmountUnused(parts);
  parts.networks.disconnectUnknown((id) => parts.containers.find(id)?.id === id);
  await sweepExecs(parts);
}

/** Instead of `startByPolicy`: nobody waits for a next run any more. */
export function forgetRestarts(parts: Parts): void {
  for (const container of parts.containers.all()) {
    if (container.state.phase === 'restarting') container.update({ phase: 'exited' });
  }
}

/** As Docker does when its daemon starts; a container that does not come up keeps nobody from the others. */
export function startByPolicy(parts: Parts): void {
  for (const container of parts.containers.all()) {
    const { state, definition } = container;
    const idle = state.phase === 'exited' || state.phase === 'restarting';
    if (!idle || state.startedAt === NEVER) continue;
    const pending = state.phase === 'restarting' && container.restart === undefined;
    if (!pending && !wantsRestart(definition.hostConfig.RestartPolicy, state)) continue;
    if (container.restart !== undefined) continue;
    parts.background.run(`start of container ${container.name}`, () =>
      container.turns.run(async () => {
        if (container.removed || container.isLive) return;
        await run(parts, container);
      }),
    );
  }
}

async function adoptOne(
  parts: Parts,
  container: Container,
  next: Again | undefined,
): Promise<void> {
  const { phase } = container.state;
  if (!MAYBE_LIVE.has(phase)) {
    // Reservations of a start that was undone, or of a run whose end was not recorded to the last line.
    parts.networks.disconnect(container.id);
    return;
  }
  await container.turns.run(async () => {
    try {
      if (phase === 'starting') await adoptStarting(parts, container, next);
      else {
        await recover(parts, container, (monitor) => takeOver(parts, container, monitor), next);
      }
    } catch (error) {
      console.error(
        `tiffin: container ${container.name} cannot be adopted: ${errorMessage(error)}`,
      );
    }
  });
}

/** A frozen container stays frozen, whoever watches it. */
function takeOver(parts: Parts, container: Container, monitor: Monitor): void {
  entered(parts, container, monitor);
  parts.background.run(`networks of container ${container.name}`, () =>
    healNetworks(parts, container),
  );
  const { cgroup } = container.state;
  if (cgroup !== undefined && isFrozen(cgroup)) container.update({ phase: 'paused' });
}

/** The engine died between writing `starting` and `running`: it runs, has run, or was never there. */
async function adoptStarting(
  parts: Parts,
  container: Container,
  next: Again | undefined,
): Promise<void> {
  const paths = runPaths(parts.paths.runContainers, container.id);
  const trace = await traceRun(paths);
  if (trace.kind === 'running') return entered(parts, container, trace.monitor);
  if (trace.kind === 'ended') {
    container.update({ phase: 'running', startedAt: formatTime(trace.record.startedNs) });
    return ended(parts, container, trace.record, next);
  }
  const fresh = container.state.startedAt === NEVER;
  await runTeardown(parts.launcher, paths);
  parts.networks.disconnect(container.id);
  container.update({
    phase: fresh ? 'created' : 'exited',
    error: 'the engine ended while the container was being started',
  });
}

/** Container directories without a record: a creation or a removal that was cut short. */
function discardUnknown(parts: Parts): void {
  for (const name of readdirSync(parts.paths.containers)) {
    if (parts.containers.find(name)?.id === name) continue;
    renameSync(join(parts.paths.containers, name), join(parts.paths.trash, randomSuffix()));
  }
  parts.trash.empty();
}

/** Run directories of containers that do not run: undone, and gone. One that cannot be read keeps no other from it. */
async function sweepRuns(parts: Parts): Promise<void> {
  for (const name of readdirSync(parts.paths.runContainers)) {
    if (parts.containers.find(name)?.isLive) continue;
    try {
      await sweepRun(parts, name);
    } catch (error) {
      console.error(`tiffin: run directory ${name}: ${errorMessage(error)}`);
    }
  }
}

async function sweepRun(parts: Parts, name: string): Promise<void> {
  const paths = runPaths(parts.paths.runContainers, name);
  const trace = await traceRun(paths);
  // A process of a container that nobody knows any more; its monitor undoes the rest.
  if (trace.kind === 'running') await trace.monitor.signal(SIGKILL);
  else if (trace.kind === 'lost') await runTeardown(parts.launcher, paths);
  else removeRunDirectory(paths);
}

/** Nobody can ask about an exec of the engine before; what still runs is let run, its directory goes with it. */
async function sweepExecs(parts: Parts): Promise<void> {
  for (const name of readdirSync(parts.paths.runExecs)) {
    const paths = runPaths(parts.paths.runExecs, name);
    const trace = await traceRun(paths);
    if (trace.kind !== 'running') {
      removeRunDirectory(paths);
      continue;
    }
    void trace.monitor.exited.then(() => removeRunDirectory(paths));
  }
}
