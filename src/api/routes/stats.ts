/** Counters of a container, once or every second. */

import { setTimeout as delay } from 'node:timers/promises';
import { TiffinError } from '../../base/errors.ts';
import type { Engine } from '../../engine/contract.ts';
import type { ContainerStats } from '../../spec/docker.ts';
import type { Call } from '../call.ts';
import { json, type Reply, stream } from '../reply.ts';
import { jsonLine } from '../stream/json-lines.ts';

const INTERVAL_MS = 1000;

/**
 * Without `stream` the answer holds two readings a second apart, because a processor percentage needs two; `one-shot` takes one and leaves
 * the earlier empty.
 */
export async function containerStats({ engine, path, query, signal }: Call): Promise<Reply> {
  const id = path.get('id');
  const first = await engine.containers.stats(id);
  if (query.flag('stream', true))
    return stream('application/json', readings(engine, id, first, signal));
  if (query.flag('one-shot') || first.pids_stats.current === undefined) return json(first);
  await delay(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  return json(after(first, await engine.containers.stats(id)));
}

async function* readings(
  engine: Engine,
  id: string,
  first: ContainerStats,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let last = first;
  yield jsonLine(last);
  while (!signal.aborted) {
    await delay(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const next = await engine.containers.stats(last.id || id).catch(unlessRemoved);
    if (next === undefined) return;
    last = after(last, next);
    yield jsonLine(last);
  }
}

function after(earlier: ContainerStats, later: ContainerStats): ContainerStats {
  return { ...later, preread: earlier.read, precpu_stats: earlier.cpu_stats };
}

function unlessRemoved(error: unknown): undefined {
  if (error instanceof TiffinError && error.class === 'not-found') return undefined;
  throw error;
}
