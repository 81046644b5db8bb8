/** `wait`. */

import { TiffinError } from '../../base/errors.ts';
import type { WaitResponse } from '../../spec/docker.ts';
import type { Parts } from '../parts.ts';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export async function waitContainer(
  parts: Parts,
  reference: string,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<WaitResponse> {
  const container = parts.containers.get(reference);
  if (condition === 'not-running' && !container.isRunning) return container.lastStatus();
  using waiting = condition === 'removed' ? container.removal() : container.nextExit();
  const cancelled = Promise.withResolvers<never>();
  const cancel = (): void =>
    cancelled.reject(new TiffinError('cancelled', 'wait-cancelled', 'the wait was given up'));
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await Promise.race([waiting.status, cancelled.promise]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
