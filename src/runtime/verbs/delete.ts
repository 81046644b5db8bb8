/** `delete`: what is left of a stopped container goes, then the poststop hooks run. */

import { join } from 'node:path';
import { errorMessage, TiffinError } from '../../base/errors.ts';
import { cgroupProcesses, freeze, isFrozen } from '../../cgroup/index.ts';
import { removeSteps } from '../../cgroup/plan.ts';
import type { OciContext } from '../context.ts';
import { runHooks } from '../hooks-run.ts';
import { failedHostSteps } from '../host-steps.ts';
import { planResctrlRemoval } from '../intel-rdt.ts';
import { sharesMounts } from '../namespaces.ts';
import { resctrlFacts } from '../resctrl-facts.ts';
import { planUnmount, sharedRootOf } from '../shared-root.ts';
import { type ContainerRecord, StateDirectory } from '../state-directory.ts';
import { isAlive, type Snapshot } from '../status.ts';
import { send } from './kill.ts';
import { matchingIds } from './matching.ts';
import { find, stateDocument } from './state.ts';

const SIGKILL = 9;
/** How long a killed process may take to end: it has no say, but the kernel may be busy with it. */
const END_TIMEOUT_MS = 10_000;
const POLL_MS = 2;

export interface DeleteOptions {
  id: string;
  force: boolean;
}

/** With a regular expression as `id`. */
export async function removeMatching(options: DeleteOptions, context: OciContext): Promise<void> {
  for (const id of matchingIds(options.id, context)) await remove({ ...options, id }, context);
}

export async function remove(options: DeleteOptions, context: OciContext): Promise<void> {
  const directory = new StateDirectory(context.root, options.id);
  if (options.force && !directory.exists()) return;
  if (options.force && (await removeUnreadable(directory, context))) return;
  const found = find(options.id, context);
  const { record, snapshot } = found;
  if (snapshot.status !== 'stopped') {
    // One that was created and never started is no exception (runtime.md «Delete»): nobody loses it by a slip.
    if (!options.force) {
      throw new TiffinError(
        'conflict',
        'not-stopped',
        `cannot delete container ${options.id} that is not stopped: ${snapshot.status}`,
        { hint: 'kill it first, or use --force' },
      );
    }
    terminate(record, snapshot);
    await ended(record, snapshot);
  }
  removeCgroups(record, directory, context);
  await forgetUnit(record, context);
  const document = {
    ...stateDocument({ ...found, snapshot: { ...snapshot, pid: 0 } }),
    status: 'stopped',
  };
  const failures = runHooks(directory.config(), 'poststop', document);
  directory.remove();
  for (const failure of failures) context.warn(failure.message);
}

/** What has no record, of a create that was cut off, or a broken one; its cgroups cannot be known. */
async function removeUnreadable(directory: StateDirectory, context: OciContext): Promise<boolean> {
  try {
    directory.record();
    directory.config();
    return false;
  } catch (error) {
    if (!(error instanceof TiffinError)) throw error;
    const found = directory.process();
    if (found !== undefined && isAlive(found.pid, found.startTime)) {
      send(found.pid, SIGKILL);
      await processEnded(found.pid, found.startTime);
    }
    if (error.code === 'broken-state') context.warn(`${error.message}: its cgroup may be left`);
    directory.remove();
    return true;
  }
}

/** SIGKILL for everything in the container; without a pid namespace of its own that is more than its first process. */
export function terminate(record: ContainerRecord, snapshot: Snapshot): void {
  if (snapshot.pid !== 0) send(snapshot.pid, SIGKILL);
  for (const pid of cgroupProcesses(record.cgroups)) send(pid, SIGKILL);
}

async function ended(record: ContainerRecord, { pid, startTime, status }: Snapshot): Promise<void> {
  // In a v1 freezer a signal is delivered only after the thaw.
  if (status === 'paused' && isFrozen(record.cgroups)) await freeze(record.cgroups, false);
  if (pid !== 0) await processEnded(pid, startTime);
}

async function processEnded(pid: number, startTime: bigint): Promise<void> {
  const until = Date.now() + END_TIMEOUT_MS;
  while (isAlive(pid, startTime)) {
    if (Date.now() > until) {
      throw new TiffinError('unavailable', 'does-not-end', `process ${pid} does not end`);
    }
    await Bun.sleep(POLL_MS);
  }
}

/** Its group is empty by now, and so nothing is left of it whether systemd answers or not. */
async function forgetUnit({ unit }: ContainerRecord, context: OciContext): Promise<void> {
  if (unit === undefined) return;
  const { stopUnit } = await import('../systemd/scope.ts');
  try {
    await stopUnit(unit, context);
  } catch (error) {
    context.warn(errorMessage(error));
  }
}

/** By the shim, which knows how to empty a cgroup; one host-only plan. */
function removeCgroups(
  record: ContainerRecord,
  directory: StateDirectory,
  context: OciContext,
): void {
  const spec = directory.config();
  const { resctrl } = resctrlFacts(spec, record.id);
  const steps = [
    ...removeSteps(record.cgroups, 'host'),
    ...planResctrlRemoval(spec, record.id, resctrl),
    ...(sharesMounts(spec) ? planUnmount(sharedRootOf(context.root, record.id), 'host') : []),
  ];
  const failure = failedHostSteps(steps, join(directory.path, 'remove'), context);
  if (failure === undefined) return;
  throw new TiffinError(
    'unavailable',
    'cgroup-busy',
    `cannot remove the cgroup of ${record.id}: ${failure}`,
  );
}
