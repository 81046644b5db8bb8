/**
 * Carries the output of one run to every attached client, and hears when they leave. A client that does not read makes the process
 * wait, as with Docker, once a mebibyte waits for it; losing its output or its connection would be worse, and the log has it all.
 */

import type { OutputChunk } from '../contract.ts';
import type { InputSink, OutputSession } from './attach-session.ts';

/** What a hub needs of a process's monitor. */
export interface OutputSource extends InputSink {
  readonly output: AsyncIterable<OutputChunk>;
  subscribe(mask: number): Promise<void>;
}

export class OutputHub {
  readonly #sessions = new Set<OutputSession>();
  #source: OutputSource | undefined;
  #closesInput = false;
  /** The run is over: no session can join it any more. */
  #over = false;

  /** Streams that somebody wants: 1 stdout, 2 stderr. */
  get mask(): number {
    let mask = 0;
    for (const session of this.#sessions) mask |= session.mask;
    return mask;
  }

  /** Joins before or during a run. */
  add(session: OutputSession): void {
    this.#sessions.add(session);
    if (this.#over) session.end();
    if (this.#source === undefined) return;
    session.connect(this.#source);
    this.#subscribe();
  }

  /** The client left. `StdinOnce`: the program reads its end of input then. */
  remove(session: OutputSession): void {
    if (!this.#sessions.delete(session)) return;
    this.#subscribe();
    if (session.stdin && this.#closesInput) this.#source?.closeStdin().catch(gone);
  }

  /** The process runs: `source` was subscribed with `mask` ahead of the launch. */
  run(source: OutputSource, options: { closesInput: boolean }): void {
    this.#source = source;
    this.#closesInput = options.closesInput;
    for (const session of this.#sessions) session.connect(source);
    void this.#pump(source);
  }

  /** No run came of it, or it is over: clients see the end. */
  end(): void {
    this.#over = true;
    this.#source = undefined;
    for (const session of this.#sessions) session.end();
    this.#sessions.clear();
  }

  #subscribe(): void {
    this.#source?.subscribe(this.mask).catch(gone);
  }

  async #pump(source: OutputSource): Promise<void> {
    try {
      for await (const chunk of source.output) {
        // Everybody has it before anybody is waited for: whoever reads is not kept from it by one who does not.
        for (const session of this.#sessions) session.push(chunk);
        for (const session of this.#sessions) await session.hasRoom();
      }
    } finally {
      this.end();
    }
  }
}

/** The connection ended: whoever waits for the process learns of it through `OutputSource.exited`. */
function gone(): void {}
