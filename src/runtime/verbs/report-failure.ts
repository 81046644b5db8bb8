/** `report-failure`: what the shim becomes when a step has failed; words the failure and leaves nothing behind. */

import { rmSync } from 'node:fs';
import { TiffinError } from '../../base/errors.ts';
import type { OciContext } from '../context.ts';
import { criuFailure } from '../criu/program.ts';
import { wordFailure } from '../failure.ts';
import { StateDirectory } from '../state-directory.ts';
import { readPlan } from '../stored-plan.ts';

/** What `adopt` gives when its program fails: errno-base.h. */
const ECANCELED = 125;

interface FailureReport {
  kind: 'launch' | 'exec';
  id: string;
  /** The plan's file, of an exec. */
  file?: string;
  stage: number;
  opIndex: number;
  errno: number;
  detail: string;
}

/** Always throws the worded failure. `rest`: `launch <id>` or `exec <id> <plan file>`, then what the shim appends. */
export function reportFailure(rest: readonly string[], context: OciContext): never {
  const report = parseReport(rest);
  const directory = new StateDirectory(context.root, report.id);
  const file = report.file ?? directory.file('plan');
  let failure: TiffinError;
  try {
    const plan = readPlan(file);
    const op = plan[report.opIndex]?.op;
    failure =
      op?.op === 'adopt' && report.errno === ECANCELED
        ? criuFailure(op.log)
        : wordFailure(plan, report);
  } catch (cause) {
    failure = new TiffinError('internal', 'no-plan', `step ${report.opIndex} failed`, { cause });
  }
  if (report.kind === 'exec') rmSync(file, { force: true });
  else forget(directory);
  throw failure;
}

/** The shim's part: stage, op index, errno, detail. */
function parseReport(rest: readonly string[]): FailureReport {
  const [kind, id = '', file = ''] = rest;
  const [stage = 0, opIndex = 0, errno = 0] = rest.slice(-4).map(Number);
  const report = { id, stage, opIndex, errno, detail: rest.at(-1) ?? '' };
  return kind === 'exec' ? { ...report, kind, file } : { ...report, kind: 'launch' };
}

function forget(directory: StateDirectory): void {
  try {
    const { pidFile } = directory.record();
    if (pidFile !== undefined) rmSync(pidFile, { force: true });
  } catch {
    // The record went with the teardown; then the start had not come to the pid file.
  }
  directory.remove();
}
