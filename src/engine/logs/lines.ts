/** Cuts a container's output into lines, each stream on its own. */

import type { LogChunk } from '../contract.ts';

/** Longer lines go in pieces of this size, as Docker's do. */
const LINE_BYTES = 16 * 1024;
const LINE_FEED = 10;

/** A line without its line feed; `partial`: the next piece of the stream goes on with it. */
export interface LogLine {
  stream: 1 | 2;
  /** ns since 1970, of the last byte. */
  timeNs: bigint;
  text: Uint8Array;
  partial: boolean;
}

export class LineSplitter {
  /** Begun lines, by stream number. */
  readonly #begun: (Uint8Array | undefined)[] = [];
  #timeNs = 0n;

  /** Whether a line has begun and not ended. */
  get pending(): boolean {
    return this.#begun.some((text) => text !== undefined);
  }

  *push({ stream, timeNs, bytes }: LogChunk): Generator<LogLine> {
    this.#timeNs = timeNs;
    const begun = this.#begun[stream];
    const all = begun === undefined ? bytes : Buffer.concat([begun, bytes]);
    let from = 0;
    for (let end = all.indexOf(LINE_FEED); end >= 0; end = all.indexOf(LINE_FEED, from)) {
      yield* pieces(stream, timeNs, all.subarray(from, end), false);
      from = end + 1;
    }
    const whole = from + Math.floor((all.length - from) / LINE_BYTES) * LINE_BYTES;
    if (whole > from) yield* pieces(stream, timeNs, all.subarray(from, whole), true);
    // A copy: a chunk is a view of a buffer that is used again.
    this.#begun[stream] = whole < all.length ? Uint8Array.from(all.subarray(whole)) : undefined;
  }

  /** No more comes: what has begun is a line too. */
  *flush(): Generator<LogLine> {
    for (const stream of [1, 2] as const) {
      const text = this.#begun[stream];
      // A copy: a chunk is a view of a buffer that is used again.
      this.#begun[stream] = undefined;
      if (text !== undefined) yield { stream, timeNs: this.#timeNs, text, partial: false };
    }
  }
}

function* pieces(
  stream: 1 | 2,
  timeNs: bigint,
  text: Uint8Array,
  partial: boolean,
): Generator<LogLine> {
  for (let at = 0; at === 0 || at < text.length; at += LINE_BYTES) {
    const last = at + LINE_BYTES >= text.length;
    yield {
      stream,
      timeNs,
      text: text.subarray(at, at + LINE_BYTES),
      partial: partial || !last,
    };
  }
}
