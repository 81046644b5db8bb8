/** One client of a process's standard streams: a bounded queue of output and a way in. */

import type { AttachSession, OutputChunk } from '../contract.ts';

/** Pieces a slow reader may leave in the engine's memory, each at most one frame (64 KiB). */
const MAX_QUEUED = 16;

/** What a session writes to; appears when the process runs. */
export interface InputSink {
  writeStdin(bytes: Uint8Array): Promise<void>;
  closeStdin(): Promise<void>;
}

export interface SessionOptions {
  /** Streams wanted: 1 stdout, 2 stderr, 3 both, 0 none. */
  mask: number;
  stdin: boolean;
  /** The process keeps its input when this client sends no more, as with Docker; the session ends then. */
  keepsInput?: boolean;
  /** Called once, when the client leaves before the end. */
  onLeave: (session: OutputSession) => void;
}

export class OutputSession implements AttachSession {
  readonly mask: number;
  readonly stdin: boolean;
  readonly #keepsInput: boolean;
  readonly #onLeave: (session: OutputSession) => void;
  readonly #sink = Promise.withResolvers<InputSink | undefined>();
  #queue: OutputChunk[] = [];
  #ended = false;
  #left = false;
  #inputClosed = false;
  #wakeReader = Promise.withResolvers<void>();
  #wakeWriter = Promise.withResolvers<void>();

  constructor(options: SessionOptions) {
    this.mask = options.mask;
    this.stdin = options.stdin;
    this.#keepsInput = options.keepsInput ?? false;
    this.#onLeave = options.onLeave;
  }

  /** Input may flow from now on. */
  connect(sink: InputSink): void {
    this.#sink.resolve(sink);
  }

  /** Resolves when the next piece may come: a slow client holds the process up, as a full pipe does. */
  async push(chunk: OutputChunk): Promise<void> {
    if ((this.mask & chunk.stream) === 0) return;
    while (this.#queue.length >= MAX_QUEUED && !this.#left) {
      this.#wakeWriter = Promise.withResolvers<void>();
      await this.#wakeWriter.promise;
    }
    if (this.#left) return;
    this.#queue.push(chunk);
    this.#wakeReader.resolve();
  }

  /** No more output comes; what is queued is still read. */
  end(): void {
    this.#ended = true;
    this.#sink.resolve(undefined);
    this.#wakeReader.resolve();
  }

  get output(): AsyncIterable<OutputChunk> {
    return this.#read();
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.stdin || this.#inputClosed) return;
    const sink = await this.#sink.promise;
    if (!this.#ended) await sink?.writeStdin(bytes);
  }

  closeInput(): void {
    if (!this.stdin || this.#inputClosed) return;
    this.#inputClosed = true;
    if (this.#keepsInput) {
      this.end();
      this.#onLeave(this);
      return;
    }
    void this.#sink.promise.then((sink) => {
      // A process that has ended meanwhile has no input to close.
      if (!this.#ended) sink?.closeStdin().catch(() => undefined);
    });
  }

  close(): void {
    if (this.#left) return;
    this.#left = true;
    this.#queue = [];
    this.#wakeWriter.resolve();
    this.#wakeReader.resolve();
    this.#onLeave(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async *#read(): AsyncIterable<OutputChunk> {
    for (;;) {
      const pieces = this.#queue;
      this.#queue = [];
      this.#wakeWriter.resolve();
      yield* pieces;
      if (this.#left || (this.#ended && this.#queue.length === 0)) return;
      if (this.#queue.length === 0) await this.#wakeReader.promise;
      this.#wakeReader = Promise.withResolvers<void>();
    }
  }
}
