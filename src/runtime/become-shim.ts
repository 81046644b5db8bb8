/** The end of create, run and exec: the plan is written down, and this process becomes the shim that executes it. */

import { linkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TiffinError } from '../base/errors.ts';
import { readKernelText } from '../host/kernel-files.ts';
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
export async function becomeShim(
  plan: Plan,
  file: string,
  preserveFds: number,
  context: OciContext,
): Promise<number> {
  const preserved = preservedDescriptors(preserveFds);
  if (context.debug !== undefined) await logPlan(plan, context.debug);
  const shim = shimPath(context.root);
  writeFileSync(file, encodePlan(plan, injectedFault(context.environment)), { mode: 0o600 });
  const taken = `${file}.run`;
  linkSync(file, taken);
  const argv = ['shim', 'run', taken];
  if (preserveFds > 0) return runAsChild(shim, argv, preserved);
  if (process.execve === undefined) throw new TiffinError('internal', 'no-execve', 'no execve');
  // Nothing of this process's environment is for the container.
  process.execve(shim, argv, {});
  throw new TiffinError('internal', 'no-execve', `cannot execute ${shim}`);
}

/** @throws TiffinError `no-descriptor`: the caller must have opened all of them. */
function preservedDescriptors(count: number): number[] {
  const numbers = Array.from({ length: count }, (_, index) => 3 + index);
  const absent = numbers.find((number) => !isInherited(number));
  if (absent === undefined) return numbers;
  throw new TiffinError(
    'invalid',
    'no-descriptor',
    `unable to preserve descriptor ${absent} (of ${count}): it is not open`,
  );
}

const O_CLOEXEC = 0o2000000;

/** What closes at execve was opened by this process: a gap in the caller's must not be filled by it (CVE-2024-21626). */
function isInherited(number: number): boolean {
  const info = readKernelText(`/proc/self/fdinfo/${number}`);
  const flags = /^flags:\s*([0-7]{1,12})$/m.exec(info ?? '')?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
}

async function logPlan(plan: Plan, debug: (message: string) => void): Promise<void> {
  const { printPlan } = await import('../plan/print.ts');
  for (const line of printPlan(plan).trimEnd().split('\n')) debug(line);
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

async function runAsChild(shim: string, argv: string[], preserved: number[]): Promise<number> {
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
