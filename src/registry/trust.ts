/** Which token servers are given a person's credentials. */

import { isLoopbackRegistry } from '../spec/reference.ts';
import type { Endpoint } from './endpoint.ts';

/**
 * A registry names its token server itself, and must not have credentials sent to a third party that way. So they go to its own
 * host, to a host of the same owner's domain (auth.docker.io for registry-1.docker.io), and to what the person has named in
 * `tokenServers`. Below a public suffix such as `co.uk` or `github.io` every name has another owner.
 */
export async function mayReceiveCredentials(endpoint: Endpoint, realm: URL): Promise<boolean> {
  const registry = new URL(endpoint.origin);
  const isLocal = isLoopbackRegistry(realm.host);
  if (isLoopbackRegistry(registry.host) && isLocal) return true;
  // A registry on this machine may be spoken to in the clear, which says nothing of the way to another machine (CVE-2019-10214).
  if (realm.protocol === 'http:' && isLoopbackRegistry(registry.host)) return false;
  if (registry.hostname === realm.hostname) return true;
  if (endpoint.tokenServers.includes(realm.host)) return true;
  const owner = await ownersDomain(registry.hostname);
  return owner !== undefined && owner === (await ownersDomain(realm.hostname));
}

/** The part of a host's name that somebody can register; none for an address, a suffix itself or an unknown ending. */
async function ownersDomain(host: string): Promise<string | undefined> {
  // Large, and seldom needed.
  const { parse } = await import('tldts');
  const { domain, isIcann, isPrivate } = parse(host, { allowPrivateDomains: true });
  return domain !== null && (isIcann || isPrivate) ? domain : undefined;
}
