/**
 * Turns pieces of a log into what `GET /containers/{id}/logs` sends. Clients that read frame by frame take a frame for a line, so every line
 * (or unfinished end of a piece) is a frame of its own; a time stamp stands before each line.
 */

import type { LogChunk } from '../../engine/contract.ts';
import { FRAME_HEADER_BYTES, writeFrameHeader } from './multiplex.ts';
import { rfc3339Nano } from './time.ts';

/** Bytes gathered before they are sent: few system calls, bounded memory. */
const BATCH_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

export interface LogEncoding {
  /** A terminal's output: no frames. */
  raw: boolean;
  timestamps: boolean;
}

/** Yields at the end of each source piece at the latest when `live`, so that nothing waits in the batch. */
export async function* encodeLogs(
  source: AsyncIterable<LogChunk>,
  encoding: LogEncoding,
  live: boolean,
): AsyncGenerator<Uint8Array> {
  const encoder = new LogEncoder(encoding);
  for await (const chunk of source) {
    yield* encoder.push(chunk);
    if (live) yield* encoder.flush();
  }
  yield* encoder.flush();
}

class LogEncoder {
  readonly #encoding: LogEncoding;
  #batch = Buffer.allocUnsafe(BATCH_BYTES);
  #used = 0;
  /** Whether the next byte of a stream begins a line, by stream number. */
  readonly #lineStart = [true, true, true];
  #stampNs = -1n;
  #stamp: Uint8Array = new Uint8Array();

  constructor(encoding: LogEncoding) {
    this.#encoding = encoding;
  }

  *push(chunk: LogChunk): Generator<Uint8Array> {
    const { raw, timestamps } = this.#encoding;
    if (raw && !timestamps) {
      yield* this.flush();
      yield chunk.bytes;
      return;
    }
    // One object per piece: `indexOf` and `copy` of Buffer are the fast ones.
    const { buffer, byteOffset, byteLength } = chunk.bytes;
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    for (let from = 0; from < bytes.length; ) {
      const newline = bytes.indexOf(NEWLINE, from);
      const to = newline < 0 ? bytes.length : newline + 1;
      yield* this.#line(chunk, bytes, from, to);
      this.#lineStart[chunk.stream] = newline >= 0;
      from = to;
    }
  }

  *flush(): Generator<Uint8Array> {
    if (this.#used === 0) return;
    const full = this.#batch.subarray(0, this.#used);
    this.#batch = Buffer.allocUnsafe(BATCH_BYTES);
    this.#used = 0;
    yield full;
  }

  *#line(chunk: LogChunk, bytes: Buffer, from: number, to: number): Generator<Uint8Array> {
    const stamp = this.#stampFor(chunk);
    const size = stamp.length + to - from;
    const header = this.#encoding.raw ? 0 : FRAME_HEADER_BYTES;
    if (this.#used + header + size > BATCH_BYTES) yield* this.flush();
    if (header + size > BATCH_BYTES) {
      yield this.#oversized(chunk.stream, stamp, bytes.subarray(from, to));
      return;
    }
    if (header > 0) writeFrameHeader(this.#batch, this.#used, chunk.stream, size);
    this.#used += header;
    this.#batch.set(stamp, this.#used);
    this.#used += stamp.length;
    this.#used += bytes.copy(this.#batch, this.#used, from, to);
  }

  #oversized(stream: number, stamp: Uint8Array, line: Buffer): Uint8Array {
    const header = Buffer.alloc(this.#encoding.raw ? 0 : FRAME_HEADER_BYTES);
    if (header.length > 0) writeFrameHeader(header, 0, stream, stamp.length + line.length);
    return Buffer.concat([header, stamp, line]);
  }

  /** `2026-01-02T03:04:05.000000006Z ` at the start of a line, else nothing. */
  #stampFor(chunk: LogChunk): Uint8Array {
    if (!this.#encoding.timestamps || !this.#lineStart[chunk.stream]) return EMPTY;
    if (chunk.timeNs !== this.#stampNs) {
      this.#stampNs = chunk.timeNs;
      this.#stamp = Buffer.from(`${rfc3339Nano(chunk.timeNs)} `);
    }
    return this.#stamp;
  }
}

const EMPTY = new Uint8Array();
