/** `start`: opens the gate of a created container, then runs the poststart hooks. */

import { rmSync } from 'node:fs';
import { TiffinError } from '../../base/errors.ts';
import { noProcess } from '../bundle.ts';
import type { OciContext } from '../context.ts';
import { wordFailure } from '../failure.ts';
import { openGate } from '../gate.ts';
import { runHooks } from '../hooks-run.ts';
import { readPlan } from '../stored-plan.ts';
import { terminate } from './delete.ts';
import { find, stateDocument } from './state.ts';

export async function start(id: string, context: OciContext): Promise<void> {
  const found = find(id, context);
  const { directory, record, snapshot } = found;
  if (snapshot.status !== 'created') {
    throw new TiffinError(
      'conflict',
      'not-created',
      snapshot.status === 'stopped'
        ? 'cannot start a container that has stopped'
        : `cannot start an already running container: it is ${snapshot.status}`,
    );
  }
  const failure = await openGate(directory.file('gate'));
  rmSync(directory.file('gate'), { force: true });
  if (directory.config().process === undefined) throw noProcess();
  if (failure !== undefined) throw wordFailure(readPlan(directory.file('plan')), failure);
  const document = { ...stateDocument(found), status: 'running' };
  const [first] = runHooks(directory.config(), 'poststart', document);
  if (first === undefined) return;
  // The specification wants a container stopped whose poststart hook failed.
  terminate(record, snapshot);
  throw first;
}
