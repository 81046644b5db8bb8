/** Waits for the first chunk, so that a source that fails at once can still be answered with an error status. */

export async function started(
  source: AsyncIterable<Uint8Array>,
): Promise<AsyncIterable<Uint8Array>> {
  const iterator = source[Symbol.asyncIterator]();
  const first = await iterator.next();
  return resume(first, iterator);
}

async function* resume(
  first: IteratorResult<Uint8Array>,
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for (let item = first; !item.done; item = await iterator.next()) yield item.value;
  } finally {
    await iterator.return?.();
  }
}
