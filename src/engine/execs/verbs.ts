/** The execs' part of the contract. */

import { TiffinError } from '../../base/errors.ts';
import type { Execs } from '../contract.ts';
import type { Parts } from '../parts.ts';
import { createExec, startExec } from './start.ts';

export function execVerbs(parts: Parts): Execs {
  return {
    create: async (container, request) => createExec(parts, container, request).id,
    start: (id, options) =>
      startExec(parts, parts.execs.get(id), { detach: options.detach, size: options.size }),
    resize: (id, rows, columns) => resizeExec(parts, id, rows, columns),
    inspect: (id) => parts.execs.get(id).inspect(),
    hasTerminal: (id) => parts.execs.get(id).request.Tty,
  };
}

async function resizeExec(parts: Parts, id: string, rows: number, columns: number): Promise<void> {
  const exec = parts.execs.get(id);
  // A client hears of the start before the program runs, and tells its window's size at once.
  if (exec.phase === 'starting') await exec.launched.promise;
  if (exec.monitor === undefined) {
    const message = `exec ${exec.id} is not running`;
    throw new TiffinError('conflict', 'not-running', message);
  }
  await exec.monitor.resize(rows, columns);
}
