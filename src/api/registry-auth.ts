/** The `X-Registry-Auth` header: base64url of a JSON object with credentials. */

import { TiffinError } from '../base/errors.ts';
import type { RegistryAuth } from '../spec/docker.ts';
import { JsonObject } from '../spec/json-object.ts';

const MAX_HEADER = 64 * 1024;
const FIELDS = ['username', 'password', 'serveraddress', 'identitytoken', 'registrytoken'] as const;

/** Undefined when absent or without any credential. Throws `invalid` without repeating what was sent. */
export function parseRegistryAuth(header: string | undefined): RegistryAuth | undefined {
  if (header === undefined || header === '') return undefined;
  const object = decode(header);
  const auth: RegistryAuth = {};
  for (const field of FIELDS) {
    const value = object.text(field);
    if (value !== undefined && value !== '') auth[field] = value;
  }
  // The old form: user and password as one base64 word, as configuration files hold them.
  const pair = object.text('auth');
  if (auth.username === undefined && pair !== undefined && pair !== '') splitPair(pair, auth);
  return Object.keys(auth).length === 0 ? undefined : auth;
}

function decode(header: string): JsonObject {
  if (header.length > MAX_HEADER) throw invalid();
  try {
    // Buffer reads both base64 alphabets, with and without padding.
    const value: unknown = JSON.parse(Buffer.from(header, 'base64').toString('utf8'));
    return JsonObject.of(value ?? {}, 'X-Registry-Auth');
  } catch {
    throw invalid();
  }
}

function splitPair(pair: string, auth: RegistryAuth): void {
  const text = Buffer.from(pair, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon <= 0) throw invalid();
  auth.username = text.slice(0, colon);
  auth.password = text.slice(colon + 1);
}

/** No cause: its text could hold a part of the password. */
function invalid(): TiffinError {
  return new TiffinError(
    'invalid',
    'bad-registry-auth',
    'invalid X-Registry-Auth header: must be base64url of a JSON object',
  );
}
