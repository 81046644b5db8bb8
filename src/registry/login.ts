/** Whether a registry takes credentials: asked as a pull would ask, without naming a repository. */

import { TiffinError } from '../base/errors.ts';
import type { RegistryAuth } from '../spec/docker.ts';
import { createAuthorizer } from './authorizer.ts';
import { findEndpoint } from './endpoint.ts';
import { httpRequest } from './http.ts';
import { placesOf } from './places.ts';

/** Throws `unauthorized` in Docker's words when it does not. */
export async function checkCredentials(
  registry: string,
  auth: RegistryAuth,
  signal: AbortSignal,
): Promise<void> {
  const insecure = placesOf(registry, 'push').at(-1)?.insecure ?? false;
  const endpoint = await findEndpoint(registry, { insecure, signal });
  const authorization = await createAuthorizer(endpoint, [], auth).header(signal);
  const answer = await httpRequest(`${endpoint.origin}/v2/`, {
    method: 'GET',
    headers: authorization === undefined ? {} : { authorization },
    signal,
  });
  await answer.body?.cancel();
  if (answer.status === 200) return;
  const message = `Get "${endpoint.origin}/v2/": unauthorized: authentication required`;
  throw new TiffinError('unauthorized', 'login-refused', message, {
    hint: 'check the user name and the password',
  });
}
