/** Pausing every process of a container. */

import { setTimeout as wait } from 'node:timers/promises';
import { TiffinError } from '../base/errors.ts';
import { readKernelText, writeKernelFile } from '../host/kernel-files.ts';
import type { Step } from '../plan/ops.ts';
import { writeStep } from './plan.ts';
import type { CgroupPaths } from './types.ts';

const POLL_MS = 1;
const TIMEOUT_MS = 5000;

/** Host steps that start freezing or thawing; `isFrozen` tells when it is done. Throws `unsupported` without a freezer. */
export function planFreeze(paths: CgroupPaths, frozen: boolean): Step[] {
  const why = frozen ? 'stops every process where it is' : 'lets every process go on';
  return [writeStep('host', { ...freezer(paths, frozen), why })];
}

/** Freezes or thaws and returns when it is done, or throws `freeze-timeout` with the old state restored. */
export async function freeze(paths: CgroupPaths, frozen: boolean): Promise<void> {
  const { path, file, data } = freezer(paths, frozen);
  writeKernelFile(`${path}/${file}`, data);
  for (const started = Date.now(); isFrozen(paths) !== frozen; await wait(POLL_MS)) {
    if (Date.now() - started > TIMEOUT_MS) {
      writeKernelFile(`${path}/${file}`, freezer(paths, !frozen).data);
      throw new TiffinError(
        'unavailable',
        'freeze-timeout',
        `cannot freeze ${path}: still running after ${TIMEOUT_MS} ms`,
      );
    }
    // v1 stays FREEZING when a process forked at the wrong moment; a second request catches it.
    if (frozen) writeKernelFile(`${path}/${file}`, data);
  }
}

/** Whether every process of the container stands still. */
export function isFrozen(paths: CgroupPaths): boolean {
  if (paths.v2 !== '') return /^frozen 1$/m.test(readKernelText(`${paths.v2}/cgroup.events`) ?? '');
  return readKernelText(`${paths.v1.freezer}/freezer.state`)?.trim() === 'FROZEN';
}

/** v2 where there is one, also beside v1: processes it froze still die by SIGKILL. */
function freezer(
  paths: CgroupPaths,
  frozen: boolean,
): { path: string; file: string; data: string } {
  if (paths.v2 !== '') return { path: paths.v2, file: 'cgroup.freeze', data: frozen ? '1' : '0' };
  const { freezer } = paths.v1;
  if (freezer !== undefined) {
    return { path: freezer, file: 'freezer.state', data: frozen ? 'FROZEN' : 'THAWED' };
  }
  throw new TiffinError(
    'unsupported',
    'no-freezer',
    'cannot pause: the container has no freezer cgroup',
    {
      hint: 'run it with a cgroup',
    },
  );
}
