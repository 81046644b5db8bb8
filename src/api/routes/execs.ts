/** Programs in running containers. */

import { assert } from '../../base/errors.ts';
import type { AttachSession, Engine } from '../../engine/contract.ts';
import type { Call } from '../call.ts';
import { parseExecCreate, parseExecStart } from '../parse/exec.ts';
import { json, type Reply } from '../reply.ts';
import { parseDetachKeys } from '../stream/detach-keys.ts';
import { streamType } from '../stream/types.ts';
import { terminalSize } from './container-lifecycle.ts';

export async function createExec({ engine, path, body }: Call): Promise<Reply> {
  const request = parseExecCreate(await body.json());
  parseDetachKeys(request.DetachKeys);
  return json({ Id: await engine.execs.create(path.get('id'), request) }, 201);
}

export async function startExec(call: Call): Promise<Reply> {
  const { engine, path, body, version } = call;
  const id = path.get('id');
  const request = parseExecStart(await body.json());
  const inspect = engine.execs.inspect(id);
  const terminal = engine.execs.hasTerminal(id);
  const [rows, columns] = request.ConsoleSize ?? [0, 0];
  const options = {
    terminal,
    ...(rows > 0 && columns > 0 && { size: { rows, columns } }),
  };
  if (request.Detach) {
    await engine.execs.start(id, { ...options, detach: true });
    return { kind: 'empty', status: 200 };
  }
  if (inspect.OpenStdin) call.requireInput();
  return {
    kind: 'hijack',
    contentType: streamType(terminal, version),
    raw: terminal,
    input: inspect.OpenStdin,
    detachKeys: terminal ? parseDetachKeys(inspect.DetachKeys) : new Uint8Array(),
    // Clients look into the stream for what went wrong, not at the status, and ask for the exit code afterwards.
    open: () => startAttached(engine, id, options),
  };
}

async function startAttached(
  engine: Engine,
  id: string,
  options: { terminal: boolean; size?: { rows: number; columns: number } },
): Promise<AttachSession> {
  const session = await engine.execs.start(id, { ...options, detach: false });
  assert(session !== undefined, 'an exec that is not detached has a session');
  return session;
}

export async function resizeExec({ engine, path, query }: Call): Promise<Reply> {
  const { rows, columns } = terminalSize(query);
  await engine.execs.resize(path.get('id'), rows, columns);
  return { kind: 'empty', status: 200 };
}

export function inspectExec({ engine, path }: Call): Reply {
  return json(engine.execs.inspect(path.get('id')));
}
