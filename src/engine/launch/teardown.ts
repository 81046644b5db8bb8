/** What a monitor undoes when its container ends, kept so that somebody else can do it if the monitor cannot. */

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { errnoName, errorMessage } from '../../base/errors.ts';
import { removeSteps } from '../../cgroup/index.ts';
import type { CgroupPaths } from '../../cgroup/types.ts';
import { encodePlan } from '../../plan/encode.ts';
import type { Plan, Step } from '../../plan/ops.ts';
import type { RunPaths } from '../paths.ts';
import type { PlanRunner } from './launcher-keeper.ts';

/** linux/errno.h */
const ECANCELED = 125;

/**
 * A plan whose only host step is made to fail, so that exactly its teardown runs: every step, whatever fails.
 * Written to the run directory, which lives in memory and goes with the machine's state at a reboot.
 */
export function keepTeardown(run: RunPaths, plan: Plan): void {
  const teardown = plan.filter((step) => step.stage === 'teardown');
  const trigger: Step = {
    stage: 'host',
    op: { op: 'unlink', path: run.teardown },
    why: 'never runs: its failure starts the teardown',
  };
  const bytes = encodePlan([trigger, ...teardown], { index: 0, errno: ECANCELED });
  // Whole or not at all: without the file nothing was launched yet.
  const unfinished = `${run.teardown}.new`;
  writeFileSync(unfinished, bytes, { mode: 0o600 });
  renameSync(unfinished, run.teardown);
}

/** Undoes what a container left whose monitor is gone. Nothing to undo is success. */
export async function runTeardown(launcher: PlanRunner, run: RunPaths): Promise<void> {
  const bytes = readIfThere(run.teardown);
  try {
    if (bytes !== undefined) await launcher.apply(bytes);
  } catch (error) {
    // What cannot be undone must not keep the container, or the whole engine, from going on.
    console.error(`tiffin: teardown of ${run.directory}: ${errorMessage(error)}`);
  }
  removeRunDirectory(run);
}

/** What a teardown step could not remove is tried once more: by then its processes have ended. */
export async function removeCgroupLeft(
  launcher: PlanRunner,
  cgroup: CgroupPaths | undefined,
): Promise<void> {
  if (cgroup === undefined) return;
  const left = removeSteps(cgroup, 'host').filter(
    ({ op }) => op.op === 'remove-cgroup' && existsSync(op.path),
  );
  // One plan each: a step that fails would keep the others from running.
  for (const step of left) await launcher.apply(encodePlan([step]));
}

export function removeRunDirectory(run: RunPaths): void {
  rmSync(run.directory, { recursive: true, force: true });
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}
