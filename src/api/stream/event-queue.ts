/** Events on their way to a client: who sends much waits until it has been read. */

const MAX_WAITING = 256;

export class EventQueue<T> implements AsyncIterable<T> {
  readonly #waiting: T[] = [];
  #ended = false;
  #wake: () => void = () => undefined;
  readonly #senders: (() => void)[] = [];

  /** Resolves when there is room for more. */
  push(event: T): Promise<void> {
    this.#waiting.push(event);
    this.#wake();
    if (this.#waiting.length < MAX_WAITING || this.#ended) return Promise.resolve();
    return new Promise((resolve) => this.#senders.push(resolve));
  }

  end(): void {
    this.#ended = true;
    this.#wake();
    this.#release();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        const events = this.#waiting.splice(0);
        this.#release();
        yield* events;
        if (events.length > 0) continue;
        if (this.#ended) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      // Nobody reads any more: nobody waits either.
      this.#ended = true;
      this.#release();
    }
  }

  #release(): void {
    for (const resolve of this.#senders.splice(0)) resolve();
  }
}
