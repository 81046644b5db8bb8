/** `kill`: a signal for the container's process, or for all of its processes. */

import { errnoName, TiffinError } from '../../base/errors.ts';
import { cgroupProcesses } from '../../cgroup/index.ts';
import { parseSignal } from '../../spec/signals.ts';
import type { OciContext } from '../context.ts';
import { find } from './state.ts';

export interface KillOptions {
  id: string;
  signal: string;
  all: boolean;
}

export function kill(options: KillOptions, context: OciContext): void {
  const signal = parseSignal(options.signal);
  const { record, snapshot } = find(options.id, context);
  if (options.all) {
    for (const pid of cgroupProcesses(record.cgroups)) send(pid, signal);
    return;
  }
  if (snapshot.pid === 0) {
    throw new TiffinError('conflict', 'not-running', 'container not running');
  }
  send(snapshot.pid, signal);
}

/** A process that has ended in the meantime needs no signal. */
export function send(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errnoName(error) !== 'ESRCH') throw error;
  }
}
