/** The number of tasks: linux.resources.pids. */

import type { LinuxResources } from '../spec/runtime/resources.ts';
import { type CgroupWrite, type Controller, v2Limit, write } from './controller.ts';

export const pids: Controller = { v1Name: 'pids', v2Name: 'pids', v1: pidsWrites, v2: pidsWrites };

/** Both versions use the same file and the same word for no limit; 0 means that none was asked for. */
function pidsWrites({ pids }: LinuxResources): CgroupWrite[] {
  if (!pids?.limit) return [];
  const why = pids.limit < 0 ? 'no limit of tasks' : `at most ${pids.limit} tasks`;
  return [write('pids.max', v2Limit(pids.limit), why)];
}
