/** Failures of run, create and exec: docker's wording and its exit statuses. */

import { TiffinError } from '../../base/errors.ts';
import { ApiError } from '../client/client.ts';
import { ConnectionLost } from '../client/socket.ts';
import { CliError } from '../command.ts';
import { errorText } from '../error-text.ts';
import { ValueError } from '../values/number.ts';

const FAILED = 125;
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

const NOT_FOUND_WORDS = [
  'executable file not found',
  'no such file or directory',
  'system cannot find the file specified',
];
const NOT_EXECUTABLE_WORDS = ['permission denied', 'is a directory', 'exec format error'];

/** For `run` and `create`: the message, where to find help, status 125 to 127. Other errors stay as they are. */
export function createFailure(error: unknown, name: string): unknown {
  const message = failureMessage(error);
  if (message === undefined) return error;
  return new CliError(`tiffin: ${message}\n\nRun '${name} --help' for more information`, FAILED);
}

/** The same for a failed start, where the program itself may be the reason. */
export function startFailure(error: unknown, name: string): unknown {
  const failure = createFailure(error, name);
  if (!(failure instanceof CliError) || error instanceof CliError) return failure;
  return new CliError(failure.message, programStatus(error));
}

/**
 * 127: the program is not there; 126: it cannot be executed; 125: anything else. Tiffin's engine says which; the words of
 * another engine have to tell, though they fit a missing bind source as well as a missing program.
 */
export function programStatus(error: unknown): number {
  if (!(error instanceof ApiError)) return FAILED;
  if (error.tiffin !== undefined) return error.tiffin.exitCode ?? FAILED;
  const text = error.message.toLowerCase();
  if (NOT_FOUND_WORDS.some((words) => text.includes(words))) return NOT_FOUND;
  if (NOT_EXECUTABLE_WORDS.some((words) => text.includes(words))) return NOT_EXECUTABLE;
  return FAILED;
}

function failureMessage(error: unknown): string | undefined {
  const known = [ApiError, ValueError, ConnectionLost, TiffinError].some(
    (kind) => error instanceof kind,
  );
  return known ? errorText(error) : undefined;
}
