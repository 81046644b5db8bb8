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
 * Does not return, unless descriptors from 3 on are to be handed over: process.execve closes those, so that the shim
 * becomes a child then, whose exit code is returned. `file` keeps the plan, so that a failure can be worded; the shim
 * gets a second name of it, which it removes.
 */
export function becomeShim(
  plan: Plan,
  file: string,
  preserveFds: number,
  context: OciContext,
): Promise<number> {
  const shim = shimPath(context.root);
  writeFileSync(file, encodePlan(plan, injectedFault(context.environment)), { mode: 0o600 });
  const taken = `${file}.run`;
  linkSync(file, taken);
  const argv = ['shim', 'run', taken];
  if (preserveFds > 0) return runAsChild(shim, argv, preserveFds);
  if (process.execve === undefined) throw new TiffinError('internal', 'no-execve', 'no execve');
  // Nothing of this process's environment is for the container.
  process.execve(shim, argv, {});
  throw new TiffinError('internal', 'no-execve', `cannot execute ${shim}`);
}

const RELAYED = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
] as const;

async function runAsChild(shim: string, argv: string[], preserveFds: number): Promise<number> {
  const preserved = Array.from({ length: preserveFds }, (_, index) => 3 + index);
  const child = Bun.spawn({
    cmd: [shim, ...argv.slice(1)],
    env: {},
    stdio: ['inherit', 'inherit', 'inherit', ...preserved],
  });
  for (const signal of RELAYED) process.on(signal, () => child.kill(signal));
  return child.exited;
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
