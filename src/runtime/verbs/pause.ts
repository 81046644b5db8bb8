/** `pause` and `resume`: all processes of a container stand still, or go on. */

import { TiffinError } from '../../base/errors.ts';
import { freeze } from '../../cgroup/index.ts';
import type { OciContext } from '../context.ts';
import { find } from './state.ts';

export async function pause(id: string, context: OciContext): Promise<void> {
  const { record, snapshot } = find(id, context);
  if (snapshot.status !== 'running' && snapshot.status !== 'created') {
    throw new TiffinError(
      'conflict',
      'not-running',
      `container not running: it is ${snapshot.status}`,
    );
  }
  await freeze(record.cgroups, true);
}

export async function resume(id: string, context: OciContext): Promise<void> {
  const { record, snapshot } = find(id, context);
  if (snapshot.status !== 'paused') {
    throw new TiffinError(
      'conflict',
      'not-paused',
      `container not paused: it is ${snapshot.status}`,
    );
  }
  await freeze(record.cgroups, false);
}
