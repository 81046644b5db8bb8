/** A unix socket that carries frames, with backpressure in both directions. */

import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Socket } from 'bun';
import type { Frame } from './frame-codec.ts';
import { FrameDecoder } from './frame-codec.ts';

/** sockaddr_un's room for a path and its end mark (unix(7)). */
const SOCKET_PATH_BYTES = 107;
const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;

export interface FrameHandlers {
  frame(frame: Frame, connection: FrameConnection): void;
  /** The connection is over, by either side; called once. */
  end(error: Error | undefined): void;
}

export class FrameConnection {
  readonly #decoder = new FrameDecoder();
  #socket: Socket<undefined> | undefined;
  #handlers: FrameHandlers;
  #ended = false;
  #error: Error | undefined;
  #waiting: { bytes: Uint8Array; done: () => void; failed: (error: Error) => void }[] = [];

  private constructor(handlers: FrameHandlers) {
    this.#handlers = handlers;
  }

  /** @throws Error with `code` ENOENT or ECONNREFUSED when nobody listens. */
  static async open(path: string, handlers: FrameHandlers): Promise<FrameConnection> {
    const connection = new FrameConnection(handlers);
    const { unix, release } = reachable(path);
    try {
      connection.#socket = await Bun.connect({
        unix,
        allowHalfOpen: false,
        socket: {
          data: (_, chunk) => connection.#take(chunk),
          drain: () => connection.#drain(),
          error: (_, error) => {
            connection.#error = error;
          },
          close: (_, error) => connection.#end(error ?? connection.#error),
          end: () => connection.#end(undefined),
          connectError: (_, error) => connection.#end(error),
        },
      });
    } finally {
      release();
    }
    return connection;
  }

  /** Settles when the kernel has taken all of it, or fails when the connection ends first. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#ended || this.#socket === undefined) return Promise.reject(closed());
    if (this.#waiting.length === 0) {
      const written = Math.max(0, this.#socket.write(bytes));
      if (written === bytes.length) return Promise.resolve();
      bytes = bytes.subarray(written);
    }
    return new Promise((done, failed) => {
      this.#waiting.push({ bytes, done, failed });
    });
  }

  /** Stops reading; the peer's writes fill up and stop it too. */
  pause(): void {
    if (!this.#ended) this.#socket?.pause();
  }

  resume(): void {
    if (!this.#ended) this.#socket?.resume();
  }

  close(): void {
    this.#socket?.end();
    this.#end(undefined);
  }

  #take(chunk: Uint8Array): void {
    if (this.#ended) return;
    try {
      this.#decoder.push(chunk, (frame) => this.#handlers.frame(frame, this));
    } catch (cause) {
      this.#socket?.terminate();
      this.#end(cause instanceof Error ? cause : closed());
    }
  }

  #drain(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const written = Math.max(0, this.#socket?.write(first.bytes) ?? 0);
      if (written < first.bytes.length) {
        first.bytes = first.bytes.subarray(written);
        return;
      }
      this.#waiting.shift();
      first.done();
    }
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const { failed } of this.#waiting) failed(error ?? closed());
    this.#waiting = [];
    this.#handlers.end(error);
  }
}

function closed(): Error {
  return Object.assign(new Error('connection closed'), { code: 'EPIPE' });
}

/** A path that fits into a socket address: a long one goes through a descriptor of its directory. */
function reachable(path: string): { unix: string; release(): void } {
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES) return { unix: path, release() {} };
  const directory = openSync(dirname(path), OPEN_DIRECTORY);
  return {
    unix: `/proc/self/fd/${directory}/${basename(path)}`,
    release: () => closeSync(directory),
  };
}
