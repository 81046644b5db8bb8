/** A web socket as a stream of bytes: what is written goes out as binary messages, what clients send in messages of any kind is read. */

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { TiffinError } from '../../base/errors.ts';
import { CLOSE_CODES, closeFrame, encodeFrame, FrameDecoder, OPCODES } from './frames.ts';

/** Bytes of one message: clients hold a whole one in memory. */
const MESSAGE_BYTES = 64 * 1024;

export class WebSocketStream extends Duplex {
  readonly #socket: Socket;
  readonly #decoder = new FrameDecoder();
  #closing = false;

  /** @param socket right after the handshake */
  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    // A web socket has no half-close: a connection that ends without a close frame is one whose client is gone.
    socket.once('end', () => this.destroy());
    socket.once('close', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    let taken = true;
    for (let at = 0; at < chunk.length; at += MESSAGE_BYTES) {
      const message = chunk.subarray(at, at + MESSAGE_BYTES);
      taken = this.#socket.write(encodeFrame(OPCODES.binary, message));
    }
    if (taken) done();
    else this.#socket.once('drain', () => done());
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#close(CLOSE_CODES.normal);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #take(bytes: Buffer): void {
    try {
      for (const frame of this.#decoder.push(bytes)) this.#frame(frame.opcode, frame.payload);
    } catch (error) {
      if (!(error instanceof TiffinError)) throw error;
      const tooBig = error.code === 'frame-too-large';
      this.#close(tooBig ? CLOSE_CODES.tooBig : CLOSE_CODES.protocolError);
      this.push(null);
    }
  }

  #frame(opcode: number, payload: Buffer): void {
    if (this.#closing || this.destroyed) return;
    switch (opcode) {
      case OPCODES.ping:
        this.#socket.write(encodeFrame(OPCODES.pong, payload));
        return;
      case OPCODES.pong:
        return;
      case OPCODES.close:
        this.#close(CLOSE_CODES.normal);
        this.push(null);
        return;
      default:
        if (payload.length > 0 && !this.push(payload)) this.#socket.pause();
    }
  }

  #close(code: number): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#socket.end(closeFrame(code));
  }
}
