/** Work that nobody waits for, but that the engine ends before it closes. */

import { errorMessage } from '../base/errors.ts';

export class Background {
  readonly #running = new Set<Promise<void>>();
  #closed = false;

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Starts `body`; a failure is told on standard error, as there is nobody to throw it at. */
  run(what: string, body: () => Promise<void>): void {
    const work = body()
      .catch((error: unknown) => {
        console.error(`tiffin: ${what}: ${errorMessage(error)}`);
      })
      .finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  /** Resolves when everything has ended, what it started included. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
