/** What a person reads when something failed. */

import { TiffinError } from '../base/errors.ts';
import { ApiError } from './client/client.ts';
import { ConnectionLost } from './client/socket.ts';

/** The text for standard error, without the newline. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) return `Error response from daemon: ${error.message}`;
  if (error instanceof TiffinError) {
    return error.hint === undefined ? error.message : `${error.message}\n${error.hint}`;
  }
  if (error instanceof ConnectionLost) return `error during connect: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
