/** `--pidfd-socket`: a descriptor of the process for the caller, who then needs no number to signal it. */

import type { Step } from '../plan/ops.ts';
import { beside } from './step.ts';

/** `label` comes with the descriptor, as other runtimes have it: which kind of process it is. */
export function planPidfd(socket: string | undefined, label: 'standard' | 'setns'): Step[] {
  if (socket === undefined) return [];
  return [beside({ op: 'pidfd', socket, label }, 'asked for by the caller')];
}
