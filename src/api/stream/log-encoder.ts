/**
 * Turns pieces of a log into what `GET /containers/{id}/logs` sends. A followed log has a frame for each line, because clients that read frame by
 * frame take a frame for a line; a log read at once has large frames, because small ones cost the client ten times as much. A time stamp stands
 * before each line.
 */

import type { LogChunk } from '../../engine/contract.ts';
import { FRAME_HEADER_BYTES, writeFrameHeader } from './multiplex.ts';
import { withPauses } from './pauses.ts';
import { TimeFormat } from './time.ts';

/** Bytes gathered before they are sent: few system calls, bounded memory. */
const BATCH_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
const NOTHING = new Uint8Array();

export interface LogEncoding {
  /** A terminal's output: no frames. */
  raw: boolean;
  timestamps: boolean;
  /** Stands before each line, after its time. */
  details?: string | undefined;
  /** Every line in a frame of its own, sent when there is nothing more to gather for now. */
  follow: boolean;
}

export async function* encodeLogs(
  source: AsyncIterable<LogChunk>,
  encoding: LogEncoding,
): AsyncGenerator<Uint8Array> {
  const encoder = new LogEncoder(encoding);
  for await (const chunk of encoding.follow ? withPauses(source) : source) {
    yield* chunk === undefined ? encoder.flush() : encoder.push(chunk);
  }
  yield* encoder.flush();
}

class LogEncoder {
  readonly #encoding: LogEncoding;
  #batch = Buffer.allocUnsafe(BATCH_BYTES);
  #used = 0;
  /** The frame at the end of the batch that may still grow: where its header stands, and its stream (0: none). */
  #open = { at: 0, stream: 0 };
  /** Whether the next byte of a stream begins a line, by stream number. */
  readonly #lineStart = [true, true, true];
  readonly #times = new TimeFormat();
  #stamp: { ns: bigint; text: Uint8Array } = { ns: -1n, text: NOTHING };

  readonly #details: Uint8Array;

  constructor(encoding: LogEncoding) {
    this.#encoding = encoding;
    const { details } = encoding;
    this.#details = details === undefined ? NOTHING : Buffer.from(`${details} `);
  }

  *push(chunk: LogChunk): Generator<Uint8Array> {
    // `indexOf` and `copy` of Buffer are the fast ones.
    const { buffer, byteOffset, byteLength } = chunk.bytes;
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    const { raw, timestamps, details, follow } = this.#encoding;
    const byLine = timestamps || details !== undefined || (follow && !raw);
    for (let from = 0; from < bytes.length; ) {
      const newline = byLine ? bytes.indexOf(NEWLINE, from) : -1;
      const to = newline < 0 ? bytes.length : newline + 1;
      yield* this.#append(chunk, bytes, from, to);
      this.#lineStart[chunk.stream] = newline >= 0;
      from = to;
    }
  }

  *flush(): Generator<Uint8Array> {
    this.#open = { at: 0, stream: 0 };
    if (this.#used === 0) return;
    const full = this.#batch.subarray(0, this.#used);
    this.#batch = Buffer.allocUnsafe(BATCH_BYTES);
    this.#used = 0;
    yield full;
  }

  *#append(chunk: LogChunk, bytes: Buffer, from: number, to: number): Generator<Uint8Array> {
    const stamp = this.#stampFor(chunk);
    const size = stamp.length + to - from;
    if (this.#used + FRAME_HEADER_BYTES + size > BATCH_BYTES) yield* this.flush();
    if (FRAME_HEADER_BYTES + size > BATCH_BYTES) {
      yield this.#oversized(chunk.stream, stamp, bytes.subarray(from, to));
      return;
    }
    if (!this.#encoding.raw) this.#openFrame(chunk.stream, size);
    this.#batch.set(stamp, this.#used);
    this.#used += stamp.length;
    this.#used += bytes.copy(this.#batch, this.#used, from, to);
  }

  /** Makes room for `size` bytes in the last frame, or begins one. */
  #openFrame(stream: number, size: number): void {
    const { at } = this.#open;
    if (this.#open.stream === stream && !this.#encoding.follow) {
      const sizeBefore = this.#used - at - FRAME_HEADER_BYTES;
      writeFrameHeader(this.#batch, at, stream, sizeBefore + size);
      return;
    }
    this.#open = { at: this.#used, stream };
    writeFrameHeader(this.#batch, this.#used, stream, size);
    this.#used += FRAME_HEADER_BYTES;
  }

  #oversized(stream: number, stamp: Uint8Array, line: Buffer): Uint8Array {
    const header = Buffer.alloc(this.#encoding.raw ? 0 : FRAME_HEADER_BYTES);
    if (header.length > 0) writeFrameHeader(header, 0, stream, stamp.length + line.length);
    return Buffer.concat([header, stamp, line]);
  }

  /** `2026-01-02T03:04:05.000000006Z key=value ` at the start of a line, else nothing. */
  #stampFor(chunk: LogChunk): Uint8Array {
    const { timestamps, details } = this.#encoding;
    if (!this.#lineStart[chunk.stream]) return NOTHING;
    if (!timestamps) return this.#details;
    if (chunk.timeNs !== this.#stamp.ns) {
      const shown = details === undefined ? '' : `${details} `;
      const text = Buffer.from(`${this.#times.format(chunk.timeNs)} ${shown}`);
      this.#stamp = { ns: chunk.timeNs, text };
    }
    return this.#stamp.text;
  }
}
