/** What the engine does when nobody asks it for anything. */

/** Longer than clients wait between two looks at the same thing, so that none of them meets the collection. */
const REST_MS = 2_000;

/**
 * Collects what requests left behind once none has come for two seconds: the runtime by itself lets the heap grow by
 * half of it first, and keeps it. Takes 10 to 20 ms.
 */
export class Rest {
  #timer: NodeJS.Timeout | undefined;

  /** A request has come. */
  disturb(): void {
    if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#collect(), REST_MS);
      this.#timer.unref();
    } else {
      this.#timer.refresh();
    }
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #collect(): void {
    this.#timer = undefined;
    Bun.gc(true);
  }
}
