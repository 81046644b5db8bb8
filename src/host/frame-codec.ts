/** Frames of the monitor protocol (frames.ts) as bytes, without copying payloads on the way in. */

import { ByteReader } from '../base/bytes.ts';
import { TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { FrameName } from './frames.ts';
import { FRAMES } from './frames.ts';

export const FRAME_HEAD_BYTES = 8;
/** An exit record with all its captures is the largest frame that comes in. */
const MOST_PAYLOAD_BYTES = 4 * limits.frameBytes;

/** The head of a frame whose payload of `length` bytes follows. */
export function frameHead(name: FrameName, length: number): Uint8Array {
  const head = new Uint8Array(FRAME_HEAD_BYTES);
  head[0] = FRAMES[name];
  new DataView(head.buffer).setUint32(4, length, true);
  return head;
}

/** A whole frame. */
export function encodeFrame(name: FrameName, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const frame = new Uint8Array(FRAME_HEAD_BYTES + payload.length);
  frame.set(frameHead(name, payload.length));
  frame.set(payload, FRAME_HEAD_BYTES);
  return frame;
}

export interface Frame {
  type: number;
  payload: Uint8Array;
}

/** Cuts a byte stream into frames. A frame that arrives in one piece is a view of that piece. */
export class FrameDecoder {
  readonly #head = new Uint8Array(FRAME_HEAD_BYTES);
  #headLength = 0;
  #payload: Uint8Array | undefined;
  #payloadLength = 0;

  /** Calls `take` for every frame that `chunk` completes. @throws TiffinError `bad-frame` for one past the limit. */
  push(chunk: Uint8Array, take: (frame: Frame) => void): void {
    let at = 0;
    for (;;) {
      const missing = FRAME_HEAD_BYTES - this.#headLength;
      if (missing > 0) {
        const piece = chunk.subarray(at, at + missing);
        this.#head.set(piece, this.#headLength);
        this.#headLength += piece.length;
        at += piece.length;
        if (piece.length < missing) return;
      }
      at = this.#takePayload(chunk, at, take);
      if (this.#headLength === FRAME_HEAD_BYTES) return;
    }
  }

  #takePayload(chunk: Uint8Array, start: number, take: (frame: Frame) => void): number {
    const type = this.#head[0] ?? 0;
    const size = new DataView(this.#head.buffer).getUint32(4, true);
    if (size > MOST_PAYLOAD_BYTES) {
      throw new TiffinError('internal', 'bad-frame', `frame ${type} of ${size} bytes`);
    }
    const missing = size - this.#payloadLength;
    const piece = chunk.subarray(start, start + missing);
    if (piece.length === 0 && size > 0) return start;
    if (piece.length === size) {
      this.#headLength = 0;
      take({ type, payload: piece });
      return start + piece.length;
    }
    const payload = this.#payload ?? new Uint8Array(size);
    payload.set(piece, this.#payloadLength);
    this.#payload = payload;
    this.#payloadLength += piece.length;
    if (this.#payloadLength === size) {
      this.#headLength = 0;
      this.#payload = undefined;
      this.#payloadLength = 0;
      take({ type, payload });
    }
    return start + piece.length;
  }
}

/** What `hello` and `started` carry. */
export interface Hello {
  monitorPid: number;
  pid: number;
  startTime: bigint;
  startedNs: bigint;
}

export function decodeHello(payload: Uint8Array): Hello {
  const reader = new ByteReader(payload);
  return {
    monitorPid: reader.u32(),
    pid: reader.u32(),
    startTime: reader.u64(),
    startedNs: reader.u64(),
  };
}
