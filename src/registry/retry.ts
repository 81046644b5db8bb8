/** Attempts again after failures that may pass: a connection that broke, a registry that is overloaded. */

import { TiffinError } from '../base/errors.ts';

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 250;

/** Statuses that say «later». */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Thrown inside of `retried` for an answer that may be another one later. */
export function mayPass(status: number): boolean {
  return PASSING.has(status);
}

/** Pauses double from 250 ms on. What is wrong in itself, such as missing rights, fails at once. */
export async function retried<T>(
  signal: AbortSignal,
  work: (attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (error) {
      signal.throwIfAborted();
      if (attempt + 1 >= ATTEMPTS || !isPassing(error)) throw error;
      await pause(FIRST_PAUSE_MS * 2 ** attempt, signal);
    }
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof TiffinError) {
    return ['registry-unreachable', 'registry-busy', 'transfer-broken'].includes(error.code);
  }
  return false;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
