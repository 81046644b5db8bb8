/** The end of create, run and exec: the plan is written down, and this process becomes the shim that executes it. */

import { linkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TiffinError } from '../base/errors.ts';
import { shimPath } from '../host/shim-binary.ts';
import { encodePlan, type Fault } from '../plan/encode.ts';
import type { Plan } from '../plan/ops.ts';
import type { OciContext } from './context.ts';

/** errno that an injected fault shows as: EIO, which no step of ours treats specially. */
const FAULT_ERRNO = 5;

/**
 * Does not return. `file` keeps the plan, so that a failure can be worded; the shim gets a second name of it, which it
 * removes.
 */
export function becomeShim(plan: Plan, file: string, context: OciContext): never {
  const shim = shimPath(context.root);
  writeFileSync(file, encodePlan(plan, injectedFault(context.environment)), { mode: 0o600 });
  const taken = `${file}.run`;
  linkSync(file, taken);
  if (process.execve === undefined) throw new TiffinError('internal', 'no-execve', 'no execve');
  // Only what this process was given for its own use could be in the environment; the shim needs nothing of it.
  process.execve(shim, ['shim', 'run', taken], {});
  throw new TiffinError('internal', 'no-execve', `cannot execute ${shim}`);
}

/** `TIFFIN_FAULT=N` makes step N of the plan fail, for tests of what is left behind. */
function injectedFault(environment: OciContext['environment']): Fault | undefined {
  const text = environment.TIFFIN_FAULT;
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
  return { index: Number(text), errno: FAULT_ERRNO };
}

/** Where an exec keeps its plan: a name per process, in the container's own directory. */
export function execPlanFile(directory: string): string {
  return join(directory, `exec-${process.pid}`);
}
