/** A process without a kernel: its output is what a test says, its input what the client sent. */

import type { AttachSession, OutputChunk } from '../../engine/contract.ts';

export class FakeProcess {
  readonly #queue: OutputChunk[] = [];
  #wake: () => void = () => undefined;
  #ended = false;
  /** Chunks taken by the reader so far. */
  taken = 0;
  input = '';
  inputClosed = false;
  closed = false;
  detached = false;
  /** Awaited by each write of the client. */
  gate: Promise<void> = Promise.resolve();
  /** Called with what the client sends. */
  onInput: (text: string) => void = () => undefined;
  onInputClosed: () => void = () => undefined;

  say(stream: 1 | 2, text: string): void {
    this.sayBytes(stream, Buffer.from(text));
  }

  sayBytes(stream: 1 | 2, bytes: Uint8Array): void {
    this.#queue.push({ stream, bytes });
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  session(): AttachSession {
    const close = () => {
      this.closed = true;
      this.#wake();
    };
    return {
      output: this.#output(),
      write: async (bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        await this.gate;
        this.input += text;
        this.onInput(text);
      },
      closeInput: () => {
        this.inputClosed = true;
        this.onInputClosed();
      },
      close,
      detach: () => {
        this.detached = true;
        close();
      },
      [Symbol.dispose]: close,
    };
  }

  async *#output(): AsyncGenerator<OutputChunk> {
    for (;;) {
      const chunk = this.#queue.shift();
      if (this.closed) return;
      if (chunk !== undefined) {
        this.taken++;
        yield chunk;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

/** A process that sends back what it reads, and ends with its input. */
export function catProcess(): FakeProcess {
  const process = new FakeProcess();
  process.onInput = (text) => process.say(1, text);
  process.onInputClosed = () => process.end();
  return process;
}
