/** Carries the output of one run to every attached client, and hears when they leave. */

import type { Monitor } from '../../host/monitor.ts';
import type { OutputSession } from './attach-session.ts';

export class OutputHub {
  readonly #sessions = new Set<OutputSession>();
  #monitor: Monitor | undefined;
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
    if (this.#monitor === undefined) return;
    session.connect(this.#monitor);
    this.#subscribe();
  }

  /** The client left. `StdinOnce`: the program reads its end of input then. */
  remove(session: OutputSession): void {
    if (!this.#sessions.delete(session)) return;
    this.#subscribe();
    if (session.stdin && this.#closesInput) this.#monitor?.closeStdin().catch(gone);
  }

  /** The process runs: `monitor` was subscribed with `mask` ahead of the launch. */
  run(monitor: Monitor, options: { closesInput: boolean }): void {
    this.#monitor = monitor;
    this.#closesInput = options.closesInput;
    for (const session of this.#sessions) session.connect(monitor);
    void this.#pump(monitor);
  }

  /** No run came of it, or it is over: clients see the end. */
  end(): void {
    this.#over = true;
    this.#monitor = undefined;
    for (const session of this.#sessions) session.end();
    this.#sessions.clear();
  }

  #subscribe(): void {
    this.#monitor?.subscribe(this.mask).catch(gone);
  }

  async #pump(monitor: Monitor): Promise<void> {
    try {
      for await (const chunk of monitor.output) {
        for (const session of this.#sessions) await session.push(chunk);
      }
    } finally {
      this.end();
    }
  }
}

/** The connection ended: whoever waits for the process learns of it through `Monitor.exited`. */
function gone(): void {}
