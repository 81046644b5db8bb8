/**
 * The one error type of Tiffin. A user-reachable failure is always a `TiffinError`; a plain `Error`
 * or a failed assertion is a defect of ours.
 */

/** The closed set of classes. Callers branch on the class; the HTTP layer maps it to a status. */
export type ErrorClass =
  | 'invalid' // the request itself is wrong
  | 'not-found'
  | 'conflict' // the state of the object forbids it
  | 'already-exists'
  | 'not-modified' // already in the wanted state
  | 'unauthorized' // credentials are missing or wrong
  | 'denied' // the kernel or a policy refuses
  | 'unavailable' // something outside does not answer: registry, socket
  | 'exhausted' // disk, addresses, a limit of ours
  | 'unsupported' // this kernel or this engine cannot
  | 'cancelled'
  | 'internal';

export interface ErrorDetails {
  /** What the person can do about it: one sentence, imperative. */
  hint?: string;
  cause?: unknown;
  /** What went wrong while cleaning up after the first failure; never replaces it. */
  cleanup?: unknown;
  /** Exit code for the command line, where the class's own (125) is not the right one: 126, 127. */
  exitCode?: number;
}

/**
 * @example
 * throw new TiffinError('not-found', 'no-such-image', `no such image: ${name}`, { hint: `pull it first: tiffin pull ${name}` });
 */
export class TiffinError extends Error {
  readonly class: ErrorClass;
  /** Stable, kebab-case, documented in docs/reference/errors.md. */
  readonly code: string;
  readonly hint: string | undefined;
  readonly cleanup: unknown;
  readonly exitCode: number | undefined;

  constructor(errorClass: ErrorClass, code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'TiffinError';
    this.class = errorClass;
    this.code = code;
    this.hint = details.hint;
    this.cleanup = details.cleanup;
    this.exitCode = details.exitCode;
  }
}

/** The `ErrorClass` of anything thrown; foreign errors are `internal`. */
export function errorClass(error: unknown): ErrorClass {
  return error instanceof TiffinError ? error.class : 'internal';
}

/** The message of anything thrown, without a stack. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `errno` name (`ENOENT`, …) of a failed system call made through a node module, if it is one. */
export function errnoName(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Asserts what must hold if our own code is right. A failure is a defect, never bad input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
