/** One at a time, in order of arrival: requests on one container take turns. */

export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();

  /** Runs `body` after everything that came before has ended, whichever way. */
  run<T>(body: () => Promise<T> | T): Promise<T> {
    const turn = this.#tail.then(body, body);
    // The queue goes on whatever a body threw; its own caller hears of it through `turn`.
    this.#tail = turn.catch(() => undefined);
    return turn;
  }
}
