/** What the server prints: a line for each request, and what its containers write. */

import type { Socket } from '../../client/socket.ts';
import { Demultiplexer } from '../../streams/demultiplex.ts';
import { ClosedPipe, type Output } from '../../streams/output.ts';
import type { HistoryEntry } from './history.ts';

export class Console {
  #out: Output | undefined;

  /** Undefined: nobody listens. */
  constructor(out: Output | undefined) {
    this.#out = out;
  }

  get listens(): boolean {
    return this.#out !== undefined;
  }

  say(text: string): void {
    try {
      this.#out?.print(`${text}\n`);
    } catch (error) {
      this.#closed(error);
    }
  }

  /** As Go prints the structure. What a client sent cannot forge another line, nor steer the terminal. */
  entry({ id, state, image, command }: HistoryEntry): void {
    this.say(`{${[id, state, image, command].map(printable).join(' ')}}`);
  }

  failure(message: string): void {
    this.say(`ERROR: Error starting the container: ${printable(message)}`);
  }

  /** Copies the output of an attached container until it ends. */
  follow(connection: Socket): void {
    this.#copy(connection).catch(() => connection.close());
  }

  async #copy(connection: Socket): Promise<void> {
    const frames = new Demultiplexer();
    for (
      let bytes = await connection.read();
      bytes !== undefined;
      bytes = await connection.read()
    ) {
      for (const { stream, bytes: piece } of frames.push(bytes)) {
        await this.#out?.write(stream === 2 ? 2 : 1, piece).catch((error) => this.#closed(error));
      }
    }
    connection.close();
  }

  /** Whoever read is gone: containers and clients have no part in that. */
  #closed(error: unknown): void {
    if (!(error instanceof ClosedPipe)) throw error;
    this.#out = undefined;
  }
}

function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, escaped);
}

/** As JSON has it, which leaves those above 0x7e as they are. */
function escaped(letter: string): string {
  const code = letter.charCodeAt(0);
  return code < 0x7f
    ? JSON.stringify(letter).slice(1, -1)
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
