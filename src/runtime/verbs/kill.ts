/** `kill`: a signal for the container's process, or for all of its processes. */

import { errnoName, errorClass, TiffinError } from '../../base/errors.ts';
import { cgroupProcesses } from '../../cgroup/index.ts';
import type { RuntimeSpec } from '../../spec/runtime/index.ts';
import { parseSignal } from '../../spec/signals.ts';
import type { OciContext } from '../context.ts';
import { matchingIds } from './matching.ts';
import { find } from './state.ts';

const SIGKILL = 9;

export interface KillOptions {
  id: string;
  signal: string;
  all: boolean;
}

/** With a regular expression as `id`: all that match it and still run. */
export function killMatching(options: KillOptions, context: OciContext): void {
  for (const id of matchingIds(options.id, context)) {
    try {
      kill({ ...options, id }, context);
    } catch (error) {
      // One that ended meanwhile needs no signal.
      if (errorClass(error) !== 'conflict' && errorClass(error) !== 'not-found') throw error;
    }
  }
}

export function kill(options: KillOptions, context: OciContext): void {
  const signal = options.signal === '0' ? 0 : parseSignal(options.signal);
  const { directory, record, snapshot } = find(options.id, context);
  if (options.all || (signal === SIGKILL && snapshot.pid !== 0 && sharesPids(directory.config()))) {
    for (const pid of cgroupProcesses(record.cgroups)) send(pid, signal);
    return;
  }
  if (snapshot.pid === 0) {
    throw new TiffinError('conflict', 'not-running', 'container not running');
  }
  send(snapshot.pid, signal);
}

/** Then the end of its first process is not the end of the container's others. */
function sharesPids({ linux }: RuntimeSpec): boolean {
  const own = linux?.namespaces?.find(({ type }) => type === 'pid');
  return own === undefined || (own.path ?? '') !== '';
}

/** A process that has ended in the meantime needs no signal. */
export function send(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errnoName(error) !== 'ESRCH') throw error;
  }
}
