/** Runs host steps that are only file writes from here, without the shim: updates and pauses of a running container. */

import { mkdirSync } from 'node:fs';
import { assert, errnoName, errorMessage, TiffinError } from '../base/errors.ts';
import { readKernelText, writeKernelFile } from '../host/kernel-files.ts';
import type { Op, Step } from '../plan/ops.ts';
import { EBUSY, EINVAL, ENOENT } from './controller.ts';

const ERRNO: ReadonlyMap<string, number> = new Map([
  ['ENOENT', ENOENT],
  ['EBUSY', EBUSY],
  ['EINVAL', EINVAL],
]);

/** Whether `applyFileSteps` can run the steps; a device filter needs the shim. */
export function areFileSteps(steps: readonly Step[]): boolean {
  return steps.every(({ op }) => ['make-directory', 'write', 'inherit'].includes(op.op));
}

/** Runs the steps in order. Throws `limit-refused` with the file and the errno of the first that fails. */
export function applyFileSteps(steps: readonly Step[]): void {
  for (const { op, why } of steps) {
    try {
      applyOp(op);
    } catch (error) {
      const name = errnoName(error);
      if (name === undefined) throw error;
      throw new TiffinError(
        name === 'EINVAL' || name === 'ERANGE' ? 'invalid' : 'denied',
        'limit-refused',
        `cannot set ${why}: ${describe(op)}: ${errorMessage(error)}`,
        { cause: error },
      );
    }
  }
}

function applyOp(op: Op): void {
  if (op.op === 'make-directory') {
    // recursive: an existing directory is no error.
    mkdirSync(op.path, { mode: op.mode, recursive: op.exist === 1 });
  } else if (op.op === 'inherit') {
    if (readKernelText(op.to)?.trim() === '') writeKernelFile(op.to, readKernelText(op.from) ?? '');
  } else {
    assert(op.op === 'write', `${op.op} among file steps`);
    writeTolerant(op.path, op.data, op.ignore);
  }
}

function writeTolerant(path: string, data: Uint8Array, ignore: readonly number[]): void {
  try {
    writeKernelFile(path, data);
  } catch (error) {
    const errno = ERRNO.get(errnoName(error) ?? '');
    if (errno === undefined || !ignore.includes(errno)) throw error;
  }
}

function describe(op: Op): string {
  return op.op === 'write' ? `${new TextDecoder().decode(op.data)} to ${op.path}` : op.op;
}
