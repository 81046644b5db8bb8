/** Layers pass through in buffers that live for a moment. */

/** So much may pass before what it leaves is collected; the next pass takes 5 to 10 ms. */
const COLLECT_BYTES = 16 * 1024 * 1024;

let passed = 0;

/**
 * Counts bytes that came in buffers of their own. A collection that happens to find one of them in use takes it for one that stays, so the
 * runtime by itself lets them come to several times the engine's own memory.
 */
export function countPassing(bytes: number): void {
  passed += bytes;
  if (passed < COLLECT_BYTES) return;
  passed = 0;
  Bun.gc(true);
}
