/** Output that arrived and was not taken yet: one consumer, bounded by pausing the source. */

import type { OutputChunk } from './monitor.ts';

const PAUSE_BYTES = 1024 * 1024;
const RESUME_BYTES = 256 * 1024;

interface Source {
  pause(): void;
  resume(): void;
}

export class OutputQueue implements AsyncIterable<OutputChunk> {
  readonly #source: Source;
  #chunks: OutputChunk[] = [];
  #bytes = 0;
  #paused = false;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  push(chunk: OutputChunk): void {
    if (this.#ended) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.bytes.length;
    if (this.#bytes > PAUSE_BYTES && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<OutputChunk, void, void> {
    for (;;) {
      const batch = this.#chunks;
      this.#chunks = [];
      for (const chunk of batch) {
        this.#bytes -= chunk.bytes.length;
        this.#resume();
        yield chunk;
      }
      if (this.#chunks.length > 0) continue;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  #resume(): void {
    if (!this.#paused || this.#bytes > RESUME_BYTES) return;
    this.#paused = false;
    this.#source.resume();
  }
}
