/** Decoding takes this thread: whatever else waits for it goes first between two pieces. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
