/** `--user`: `user[:group]`, names or numbers, looked up in the container by the shim. */

import { TiffinError } from '../../base/errors.ts';
import type { UserRequest } from '../../runtime/request.ts';

/** Linux keeps 2^32 - 1 for «no change». */
const MAX_ID = 2 ** 32 - 2;
const MAX_NAME = 256;

/**
 * Splits the text; `groups` are the additional ones. Numbers beyond what a uid can be are refused here and never
 * become a name or wrap around (CVE-2024-40635), nor do texts that could not be a line of passwd(5).
 */
export function parseUser(text: string, groups: readonly string[]): UserRequest {
  const colon = text.indexOf(':');
  const user = colon < 0 ? text : text.slice(0, colon);
  const group = colon < 0 ? '' : text.slice(colon + 1);
  for (const part of [user, group, ...groups]) checkPart(part);
  return { user: user === '' ? '0' : user, group, groups: [...groups] };
}

function checkPart(part: string): void {
  const control = [...part].some((letter) => letter < ' ' || letter === '\x7f');
  if (control || part.includes(':') || part.length > MAX_NAME) {
    throw invalid(part, 'it cannot be a user or a group');
  }
  if (isSignedDecimal(part) && (part.startsWith('-') || part.startsWith('+'))) {
    throw invalid(part, 'a user or group number has no sign');
  }
  if (isSignedDecimal(part) && (part.length > 10 || Number(part) > MAX_ID)) {
    throw invalid(part, `uids and gids must be in range 0-${MAX_ID}`);
  }
}

function isSignedDecimal(text: string): boolean {
  const digits = text.startsWith('-') || text.startsWith('+') ? text.slice(1) : text;
  if (digits === '') return false;
  return [...digits].every((letter) => letter >= '0' && letter <= '9');
}

function invalid(part: string, why: string): TiffinError {
  return new TiffinError(
    'invalid',
    'bad-user',
    `invalid user ${JSON.stringify(part.slice(0, 80))}: ${why}`,
  );
}
