/**
 * Progress of a pull or load as JSON lines. The engine reports without waiting for anybody, so lines that nobody has read yet are merged: the memory
 * of a slow client is bounded by the number of layers, not by their bytes.
 */

import type { OnProgress, TransferProgress } from '../../spec/content.ts';
import { describeError } from '../errors.ts';
import { type Reply, stream } from '../reply.ts';
import { jsonLine } from './json-lines.ts';

/** Work that reports; what it returns is sent as the last lines. */
export type Work = (report: OnProgress) => Promise<unknown[]>;

/**
 * Starts the work and waits until it is under way, which its second report shows: the first says only what will be tried. A failure before that is
 * thrown and becomes an HTTP status, a later one the last line.
 */
export async function progressReply(work: Work): Promise<Reply> {
  const queue = new ProgressQueue();
  const done = work((progress) => queue.push(progress)).finally(() => queue.end());
  // Observed below on every path; without this a failure before that would count as unhandled.
  done.catch(() => undefined);
  await Promise.race([queue.atLeast(2), done]);
  return stream('application/json', progressLines(queue, done));
}

async function* progressLines(
  queue: ProgressQueue,
  done: Promise<unknown[]>,
): AsyncGenerator<Uint8Array> {
  for await (const progress of queue) yield jsonLine(progressMessage(progress));
  try {
    for (const line of await done) yield jsonLine(line);
  } catch (error) {
    const message = describeError(error);
    yield jsonLine({ errorDetail: { message }, error: message });
  }
}

function progressMessage(progress: TransferProgress): Record<string, unknown> {
  const { id, status, current, total } = progress;
  const message: Record<string, unknown> = { status };
  if (id !== '') {
    message.progressDetail = {
      ...(current !== undefined && { current }),
      ...(total !== undefined && { total }),
    };
    message.id = id;
  }
  return message;
}

/** First in, first out, but a report replaces a waiting one of the same id and status. */
class ProgressQueue implements AsyncIterable<TransferProgress> {
  readonly #waiting = new Map<string, TransferProgress>();
  #ended = false;
  #wake: () => void = () => undefined;

  push(progress: TransferProgress): void {
    // Messages about the whole transfer are each of their own.
    this.#waiting.set(`${progress.id}\n${progress.status}`, progress);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Resolves when so many reports wait. */
  async atLeast(count: number): Promise<void> {
    while (this.#waiting.size < count) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TransferProgress> {
    for (;;) {
      for (const [key, progress] of this.#waiting) {
        this.#waiting.delete(key);
        yield progress;
      }
      if (this.#ended) return;
      await this.#change();
    }
  }
}
