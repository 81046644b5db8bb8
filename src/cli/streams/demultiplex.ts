/**
 * Output framed by stream: byte 0 is the stream (1 stdout, 2 stderr), bytes 4 to 7 the length, big endian
 * (Docker Engine API, ContainerAttach). Pieces are handed on as they arrive, a frame need not be complete.
 */

import { TiffinError } from '../../base/errors.ts';

const HEADER = 8;

export interface FramePiece {
  /** 3: an error of the engine about the stream itself. */
  stream: number;
  bytes: Uint8Array;
}

export class Demultiplexer {
  readonly #header = new Uint8Array(HEADER);
  #headerFilled = 0;
  #stream = 1;
  #left = 0;

  /** The parts of `bytes`, in order; they are views. */
  *push(bytes: Uint8Array): Generator<FramePiece> {
    let at = 0;
    while (at < bytes.length) {
      if (this.#left === 0) {
        at += this.#fillHeader(bytes, at);
      } else {
        const piece = bytes.subarray(at, at + this.#left);
        at += piece.length;
        this.#left -= piece.length;
        yield { stream: this.#stream, bytes: piece };
      }
    }
  }

  #fillHeader(bytes: Uint8Array, at: number): number {
    const piece = bytes.subarray(at, at + HEADER - this.#headerFilled);
    this.#header.set(piece, this.#headerFilled);
    this.#headerFilled += piece.length;
    if (this.#headerFilled === HEADER) {
      this.#headerFilled = 0;
      const [stream = 0] = this.#header;
      if (stream > 3) {
        throw new TiffinError('internal', 'bad-stream', `unrecognized stream: ${stream}`);
      }
      this.#stream = stream === 0 ? 1 : stream;
      this.#left = new DataView(this.#header.buffer).getUint32(4);
    }
    return piece.length;
  }
}
