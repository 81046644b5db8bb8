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

/** The same, all or nothing: when one is refused, what was written before it gets its old value again, the last first. */
export function applyFileStepsOrNone(steps: readonly Step[]): void {
  const undo: Step[] = [];
  for (const step of steps) {
    const old = oldValue(step.op);
    try {
      applyFileSteps([step]);
    } catch (error) {
      for (const back of undo.reverse()) restore(back);
      throw error;
    }
    if (old !== undefined) undo.push({ ...step, op: old });
  }
}

function restore(step: Step): void {
  try {
    applyFileSteps([step]);
  } catch {
    // The refused limit is what the caller has to hear of.
  }
}

/** What writes the present value; undefined where a file cannot be read or has none for a device. */
function oldValue(op: Op): Op | undefined {
  if (op.op !== 'write') return undefined;
  const text = readKernelText(op.path)?.trimEnd();
  if (text === undefined || text === '') return undefined;
  const device = DEVICE.exec(new TextDecoder().decode(op.data))?.[0];
  const line = device === undefined ? text : lineOf(text, device);
  return line === undefined ? undefined : { ...op, data: new TextEncoder().encode(line) };
}

/** Limits of disks stand by device, one a line: `8:0 1048576`. */
const DEVICE = /^\d+:\d+ /;

function lineOf(text: string, device: string): string | undefined {
  return text.split('\n').find((line) => line.startsWith(device));
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
