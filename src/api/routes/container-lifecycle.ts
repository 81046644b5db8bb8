/** Containers as processes: start, stop and what lies between. */

import { TiffinError } from '../../base/errors.ts';
import type { WaitResponse } from '../../spec/docker.ts';
import type { Call } from '../call.ts';
import { describeError } from '../errors.ts';
import type { Query } from '../query.ts';
import { noContent, type Reply, stream } from '../reply.ts';
import { parseDetachKeys } from '../stream/detach-keys.ts';

const MAX_SECONDS = 2 ** 31 - 1;
const MAX_TERMINAL = 65_535;

/** A JSON object with anything in it. */
const MIN_OBJECT_BYTES = 7;

export async function startContainer({ engine, path, query, header, body }: Call): Promise<Reply> {
  parseDetachKeys(query.text('detachKeys') ?? '');
  const length = Number(header('content-length') ?? 0);
  if (
    length > MIN_OBJECT_BYTES ||
    (header('transfer-encoding') !== undefined && (await body.json()) !== undefined)
  ) {
    const message =
      'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24';
    throw new TiffinError('invalid', 'start-with-body', message);
  }
  const pid = await engine.containers.start(path.get('id'));
  // A short program has ended before anybody could ask for it.
  return { kind: 'empty', status: 204, headers: { 'Tiffin-Pid': String(pid) } };
}

export async function stopContainer({ engine, path, query }: Call): Promise<Reply> {
  await engine.containers.stop(path.get('id'), graceSeconds(query), query.nonEmpty('signal'));
  return noContent;
}

export async function restartContainer({ engine, path, query }: Call): Promise<Reply> {
  await engine.containers.restart(path.get('id'), graceSeconds(query), query.nonEmpty('signal'));
  return noContent;
}

export async function killContainer({ engine, path, query }: Call): Promise<Reply> {
  await engine.containers.kill(path.get('id'), query.nonEmpty('signal') ?? 'SIGKILL');
  return noContent;
}

export async function pauseContainer({ engine, path }: Call): Promise<Reply> {
  await engine.containers.pause(path.get('id'));
  return noContent;
}

export async function unpauseContainer({ engine, path }: Call): Promise<Reply> {
  await engine.containers.unpause(path.get('id'));
  return noContent;
}

export async function resizeContainer({ engine, path, query }: Call): Promise<Reply> {
  const { rows, columns } = terminalSize(query);
  await engine.containers.resize(path.get('id'), rows, columns);
  return { kind: 'empty', status: 200 };
}

/** The headers leave before the condition holds: `docker run` starts the container only when it has them. */
export function waitContainer({ engine, path, query, signal }: Call): Reply {
  const id = path.get('id');
  const condition = waitCondition(query);
  // Throws for an unknown container while there is still a status to answer with.
  engine.containers.hasTerminal(id);
  const answer = engine.containers.wait(id, condition, signal).catch(lostWait);
  return stream('application/json', waitBody(answer));
}

async function* waitBody(answer: Promise<WaitResponse>) {
  yield Buffer.from(`${JSON.stringify(await answer)}\n`);
}

/** The status of the answer has left already. */
function lostWait(error: unknown): WaitResponse {
  return { StatusCode: -1, Error: { Message: describeError(error) } };
}

function waitCondition(query: Query): 'not-running' | 'next-exit' | 'removed' {
  const condition = query.nonEmpty('condition') ?? 'not-running';
  if (condition === 'not-running' || condition === 'next-exit' || condition === 'removed') {
    return condition;
  }
  throw new TiffinError(
    'invalid',
    'bad-condition',
    `invalid condition: ${JSON.stringify(condition)}`,
  );
}

/** `t`: -1 waits without end. */
function graceSeconds(query: Query): number | undefined {
  return query.integer('t', -1, MAX_SECONDS);
}

export function terminalSize(query: Query): { rows: number; columns: number } {
  const rows = query.integer('h', 0, MAX_TERMINAL);
  const columns = query.integer('w', 0, MAX_TERMINAL);
  if (rows === undefined || columns === undefined) {
    throw new TiffinError('invalid', 'missing-parameter', 'bad parameter: h and w are required');
  }
  return { rows, columns };
}
