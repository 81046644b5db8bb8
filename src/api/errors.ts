/** From a thrown value to an HTTP answer. */

import { type ErrorClass, TiffinError } from '../base/errors.ts';
import { json, type PlainReply } from './reply.ts';

const STATUS: Record<ErrorClass, number> = {
  invalid: 400,
  'not-found': 404,
  conflict: 409,
  'already-exists': 409,
  'not-modified': 304,
  unauthorized: 401,
  denied: 403,
  unavailable: 503,
  exhausted: 507,
  unsupported: 501,
  cancelled: 500,
  internal: 500,
};

/** Codes whose status is finer than their class. */
const STATUS_OF_CODE: ReadonlyMap<string, number> = new Map([
  ['request-timeout', 408],
  ['request-too-large', 413],
  ['network-in-use', 403],
]);

/**
 * `{message}` as Docker answers, the hint on a line of its own, and for Tiffin's own client the code and the exit code.
 * A defect of ours keeps its text too: never its stack.
 */
export function errorReply(error: unknown): PlainReply {
  const status = errorStatus(error);
  if (status === 304) return { kind: 'empty', status };
  const body: Record<string, unknown> = { message: describeError(error) };
  if (error instanceof TiffinError) {
    body.code = error.code;
    if (error.exitCode !== undefined) body.exitCode = error.exitCode;
  }
  return json(body, status);
}

export function errorStatus(error: unknown): number {
  if (!(error instanceof TiffinError)) return 500;
  return STATUS_OF_CODE.get(error.code) ?? STATUS[error.class];
}

/** As it was before answers were JSON. */
export function plainError(error: unknown): PlainReply {
  return { kind: 'text', status: errorStatus(error), text: `${describeError(error)}\n` };
}

/** The message and the hint as a client shows them. */
export function describeError(error: unknown): string {
  if (!(error instanceof TiffinError)) {
    return `internal error: ${error instanceof Error ? error.message : String(error)}`;
  }
  return error.hint === undefined ? error.message : `${error.message}\nhint: ${error.hint}`;
}
