/** A process that is there for a unit to begin with. */

import { TiffinError } from '../../base/errors.ts';
import { shimPath } from '../../host/shim-binary.ts';
import type { OciContext } from '../context.ts';
import { processStat } from '../status.ts';

export interface Holder {
  pid: number;
  /** Clock ticks since boot. */
  startTime: bigint;
  end(): void;
}

/** It ends by itself with this process, whatever program that becomes. */
export function startHolder({ root }: Pick<OciContext, 'root'>): Holder {
  const child = Bun.spawn({
    cmd: [shimPath(root), 'hold', String(process.pid)],
    env: {},
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const startTime = processStat(child.pid)?.startTime;
  if (startTime === undefined) {
    throw new TiffinError(
      'internal',
      'no-holder',
      'the process that holds the scope did not start',
    );
  }
  // Nobody waits for it: this process is about to become another program.
  child.unref();
  return { pid: child.pid, startTime, end: () => child.kill('SIGKILL') };
}
