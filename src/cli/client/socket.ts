/**
 * A unix socket with pull reading and awaited writing. `node:http` and `node:net` cost 12 and 3 ms of start-up, `Bun.connect` none,
 * and a hijacked stream needs the raw socket with half-close anyway.
 */

import type { Socket as BunSocket } from 'bun';

/** Bytes kept unread before the kernel's buffer is left to fill, which is what slows the sender. */
const HIGH_WATER = 256 * 1024;

interface Waiter<T> {
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
}

export class Socket {
  #socket: BunSocket<undefined> | undefined;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #paused = false;
  #ended = false;
  #failure: unknown;
  #reader: Waiter<Uint8Array | undefined> | undefined;
  #drained: Waiter<void> | undefined;

  /** Rejects with the errno name in `code`. */
  static async connect(path: string): Promise<Socket> {
    const socket = new Socket();
    socket.#socket = await Bun.connect<undefined>({
      unix: path,
      allowHalfOpen: true,
      socket: {
        data: (_, bytes) => socket.#receive(bytes),
        drain: () => socket.#wakeWriter(),
        end: () => socket.#finish(undefined),
        close: (_, error) => socket.#finish(error),
        error: (_, error) => socket.#finish(error),
      },
    });
    return socket;
  }

  /** The next bytes in order; undefined at the end. One caller at a time. */
  async read(): Promise<Uint8Array | undefined> {
    const first = this.#queue.shift();
    if (first !== undefined) {
      this.#queued -= first.length;
      this.#resumeIfLow();
      return first;
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#ended) return undefined;
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  /** Puts bytes back in front. */
  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#queue.unshift(bytes);
    this.#queued += bytes.length;
  }

  /** Resolves when the kernel took everything. One caller at a time. */
  async write(bytes: Uint8Array): Promise<void> {
    let at = 0;
    while (at < bytes.length) {
      if (this.#failure !== undefined) throw this.#failure;
      const written = this.#socket?.write(bytes, at, bytes.length - at) ?? -1;
      if (written < 0) throw new ConnectionLost();
      at += written;
      if (at < bytes.length) {
        await new Promise<void>((resolve, reject) => {
          this.#drained = { resolve, reject };
        });
      }
    }
  }

  /** No more writing; reading goes on. */
  end(): void {
    this.#socket?.shutdown();
  }

  close(): void {
    this.#socket?.end();
    this.#socket = undefined;
  }

  /** The other side has not closed, and nothing unasked-for has arrived. */
  get idle(): boolean {
    return this.#socket !== undefined && !this.#ended && this.#queued === 0;
  }

  #receive(bytes: Uint8Array): void {
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve(bytes);
      return;
    }
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    if (this.#queued > HIGH_WATER && !this.#paused) {
      this.#paused = true;
      this.#socket?.pause();
    }
  }

  #resumeIfLow(): void {
    if (!this.#paused || this.#queued > HIGH_WATER / 2) return;
    this.#paused = false;
    this.#socket?.resume();
  }

  #wakeWriter(): void {
    const waiter = this.#drained;
    this.#drained = undefined;
    waiter?.resolve();
  }

  #finish(error: unknown): void {
    this.#ended = true;
    if (error !== undefined && error !== null) this.#failure = error;
    const reader = this.#reader;
    this.#reader = undefined;
    if (this.#failure === undefined) reader?.resolve(undefined);
    else reader?.reject(this.#failure);
    const writer = this.#drained;
    this.#drained = undefined;
    writer?.reject(this.#failure ?? new ConnectionLost());
  }
}

export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';

  constructor() {
    super('the engine closed the connection');
  }
}
