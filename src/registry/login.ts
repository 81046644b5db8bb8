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
  const place = placesOf(registry, 'push').at(-1);
  const { insecure = false, tokenServers = [] } = place ?? {};
  const endpoint = await findEndpoint(registry, { insecure, tokenServers, signal });
  const authorizer = createAuthorizer(endpoint, [], auth);
  const authorization = await authorizer.header(signal);
  // A token for nobody would be taken, and say nothing of the credentials.
  const withheld = authorizer.withheld();
  if (withheld !== undefined) throw withheld;
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
