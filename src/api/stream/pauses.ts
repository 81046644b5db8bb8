/** Tells a consumer when its source has nothing more for now, so that it can gather while there is, and send when there is not. */

/** What `source` yields, and `undefined` each time the next item is not there yet. */
export async function* withPauses<Item extends object>(
  source: AsyncIterable<Item>,
): AsyncGenerator<Item | undefined> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = iterator.next();
      if (!(await isReady(next))) yield undefined;
      const item = await next;
      if (item.done) return;
      yield item.value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** Whether a promise settles within this turn of the event loop. */
async function isReady(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, endOfTurn()]);
}

let turn: Promise<false> | undefined;

/** One timer serves all who ask within a turn. */
function endOfTurn(): Promise<false> {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = undefined;
      resolve(false);
    });
  });
  return turn;
}
