/** The version prefix of a path: `/v1.41/containers/json`. */

import { TiffinError } from '../base/errors.ts';
import { API_VERSION, LATEST_MINOR, MIN_API_VERSION, OLDEST_MINOR } from '../spec/api-version.ts';

/** Clients of such versions know no JSON in errors, and show a body as it is. */
export function isTooOld(error: unknown): boolean {
  return error instanceof TiffinError && error.code === 'api-version-old';
}

/** Splits the version off; a path without one speaks the latest. Throws `invalid` outside of what is served, in Docker's words. */
export function splitVersion(path: string): { minor: number; rest: string } {
  if (!path.startsWith('/v')) return { minor: LATEST_MINOR, rest: path };
  const slash = path.indexOf('/', 1);
  const prefix = slash < 0 ? path.slice(2) : path.slice(2, slash);
  const version = parseVersion(prefix);
  if (version === undefined) return { minor: LATEST_MINOR, rest: path };
  const { major, minor } = version;
  if (major > 1 || (major === 1 && minor > LATEST_MINOR)) {
    const reason = `too new. Maximum supported API version is ${API_VERSION}`;
    throw new TiffinError('invalid', 'api-version', `client version ${prefix} is ${reason}`);
  }
  if (major < 1 || minor < OLDEST_MINOR) {
    const reason = `too old. Minimum supported API version is ${MIN_API_VERSION}`;
    const message = `client version ${prefix} is ${reason}, please upgrade your client to a newer version`;
    throw new TiffinError('invalid', 'api-version-old', message);
  }
  return { minor, rest: slash < 0 ? '/' : path.slice(slash) };
}

/** `1.41`; anything else belongs to the path (`/volumes`, `/version`). */
function parseVersion(text: string): { major: number; minor: number } | undefined {
  const match = /^([0-9]{1,4})\.([0-9]{1,4})$/.exec(text);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}
