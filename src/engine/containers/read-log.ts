/** A container's log as `logs` and `attach` want it: streams, window, last lines, following. */

import { type LogPosition, logEnd, readLog, tailStart } from '../../host/log-reader.ts';
import type { LogChunk, LogOptions } from '../contract.ts';
import type { Waiting } from './container.ts';

export interface LogSource {
  /** The newest file. */
  path: string;
  /** Tells when nothing more will be written; undefined: nothing is written now. */
  nextEnd(): Waiting | undefined;
}

/** What the generator says first, to nobody but the function that starts it. */
const OPENED: LogChunk = { stream: 1, timeNs: 0n, bytes: new Uint8Array() };

/** Resolves when the log is open: from then on the container may be removed, and what it wrote is read all the same. */
export async function selectLog(
  source: LogSource,
  options: LogOptions,
): Promise<AsyncGenerator<LogChunk, void>> {
  const chunks = chunksOf(source, options);
  await chunks.next();
  return chunks;
}

async function* chunksOf(source: LogSource, options: LogOptions): AsyncGenerator<LogChunk, void> {
  const mask = (options.stdout ? 1 : 0) + (options.stderr ? 2 : 0);
  const { sinceNs = 0n, untilNs } = options;
  // Asked for before anything is read: an end after that is an end that is seen.
  using ended = options.follow ? source.nextEnd() : undefined;
  using window = windowEnd(options);
  const end = await logEnd(source.path);
  const start = await startOf(source.path, options.tail, end);
  const until = ended ? { follow: { ended: ended.status, signal: window.signal } } : end && { end };
  let opened = false;
  for await (const records of readLog(source.path, { ...(start && { start }), ...until })) {
    if (!opened) yield OPENED;
    opened = true;
    for (const { stream, timeNs, payload } of records) {
      if (options.signal.aborted || (untilNs !== undefined && timeNs > untilNs)) return;
      if ((stream & mask) === 0 || timeNs < sinceNs) continue;
      yield { stream, timeNs, bytes: payload };
    }
  }
}

async function startOf(
  path: string,
  tail: number | undefined,
  end: LogPosition | undefined,
): Promise<LogPosition | undefined> {
  if (tail === undefined) return undefined;
  return tail === 0 ? end : tailStart(path, tail, end);
}

/** The caller's signal, or the end of the window if that lies ahead. */
function windowEnd(options: Pick<LogOptions, 'signal' | 'untilNs'>): Disposable & {
  signal: AbortSignal;
} {
  const ms =
    options.untilNs === undefined
      ? Number.POSITIVE_INFINITY
      : Number(options.untilNs / 1_000_000n) - Date.now();
  if (ms >= 2 ** 31) return { signal: options.signal, [Symbol.dispose]: () => undefined };
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), Math.max(ms, 0));
  return {
    signal: AbortSignal.any([options.signal, over.signal]),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
