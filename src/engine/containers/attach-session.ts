/** One client of a process's standard streams: a bounded queue of output and a way in. */

import type { AttachSession, OutputChunk } from '../contract.ts';

/** What a slow client may leave in the engine's memory before the process waits for it, as with Docker. */
const MAX_QUEUED_BYTES = 1024 * 1024;
/** What a piece costs beside its bytes. */
const PIECE_BYTES = 256;

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
  /** Called once, when the client leaves by its keys. */
  onDetach: () => void;
}

export class OutputSession implements AttachSession {
  readonly mask: number;
  readonly stdin: boolean;
  readonly #keepsInput: boolean;
  readonly #onLeave: (session: OutputSession) => void;
  readonly #onDetach: () => void;
  readonly #sink = Promise.withResolvers<InputSink | undefined>();
  #queue: OutputChunk[] = [];
  #queuedBytes = 0;
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
    this.#onDetach = options.onDetach;
  }

  /** Input may flow from now on. */
  connect(sink: InputSink): void {
    this.#sink.resolve(sink);
  }

  /** Takes a piece, however many wait: see `hasRoom`. */
  push(chunk: OutputChunk): void {
    if ((this.mask & chunk.stream) === 0 || this.#left) return;
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.bytes.length + PIECE_BYTES;
    this.#wakeReader.resolve();
  }

  /** Resolves when the next piece may come. */
  async hasRoom(): Promise<void> {
    while (this.#queuedBytes >= MAX_QUEUED_BYTES && !this.#left) {
      this.#wakeWriter = Promise.withResolvers<void>();
      await this.#wakeWriter.promise;
    }
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
    this.#queuedBytes = 0;
    this.#wakeWriter.resolve();
    this.#wakeReader.resolve();
    this.#onLeave(this);
  }

  detach(): void {
    if (!this.#left) this.#onDetach();
    this.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async *#read(): AsyncIterable<OutputChunk> {
    for (;;) {
      const pieces = this.#queue;
      this.#queue = [];
      for (const piece of pieces) {
        this.#queuedBytes -= piece.bytes.length + PIECE_BYTES;
        this.#wakeWriter.resolve();
        yield piece;
        if (this.#left) return;
      }
      if (this.#left || (this.#ended && this.#queue.length === 0)) return;
      if (this.#queue.length === 0) await this.#wakeReader.promise;
      this.#wakeReader = Promise.withResolvers<void>();
    }
  }
}
