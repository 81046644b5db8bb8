/** The end of a foreground container whose output nobody takes any more. */

import { errnoName } from '../../base/errors.ts';
import type { Client } from '../client/client.ts';
import { ClosedPipe } from '../streams/output.ts';

/** The program's own write would have failed: a failure to write ends the container, and is thrown on. */
export async function endWithItsReader(
  client: Client,
  id: string,
  session: Promise<number>,
): Promise<number> {
  try {
    return await session;
  } catch (error) {
    if (isWriteFailure(error)) await client.text('POST', `/containers/${id}/kill`);
    throw error;
  }
}

/** Of standard output or standard error: a pipe without a reader, a disk that is full. */
function isWriteFailure(error: unknown): boolean {
  return error instanceof ClosedPipe || ['ENOSPC', 'EIO', 'EFBIG'].includes(errnoName(error) ?? '');
}
