/**
 * Containers of one network find each other by name: through their hosts files, which are kept up to date as
 * containers come and go. As with Docker the default bridge has no such names.
 */

import type { Endpoint } from '../../network/index.ts';
import type { Parts } from '../parts.ts';

const DEFAULT_NETWORK = 'bridge';

/** Names of everybody else in the networks of these endpoints. */
export function peerNames(
  parts: Parts,
  endpoints: readonly Endpoint[],
): { name: string; address: string }[] {
  return endpoints.filter(hasNames).flatMap((own) =>
    parts.networks
      .endpoints(own.networkId)
      .filter((peer) => peer.containerId !== own.containerId && peer.address !== '')
      .flatMap((peer) => namesOf(peer).map((name) => ({ name, address: peer.address }))),
  );
}

/** Names of containers that were linked to this one with `--link name:alias`, as far as they run. */
export function linkedNames(
  parts: Parts,
  links: readonly string[],
): { name: string; address: string }[] {
  return links.flatMap((link) => {
    const [target = '', alias = target] = link.split(':');
    const container = parts.containers.find(target);
    if (container === undefined) return [];
    const address = parts.networks
      .endpointsOf(container.id)
      .find((one) => one.address !== '')?.address;
    if (address === undefined) return [];
    const names = new Set([alias, container.name, container.definition.config.Hostname]);
    return [...names].map((name) => ({ name, address }));
  });
}

/** Containers whose hosts files name these endpoints. */
export function peersOf(parts: Parts, endpoints: readonly Endpoint[]): string[] {
  const ids = endpoints
    .filter(hasNames)
    .flatMap((own) => parts.networks.endpoints(own.networkId))
    .map((peer) => peer.containerId);
  const own = new Set(endpoints.map((endpoint) => endpoint.containerId));
  return [...new Set(ids)].filter((id) => !own.has(id));
}

function hasNames(endpoint: Endpoint): boolean {
  return endpoint.driver === 'bridge' && endpoint.networkName !== DEFAULT_NETWORK;
}

function namesOf(endpoint: Endpoint): string[] {
  return [...new Set([...endpoint.aliases, endpoint.hostname])].filter((name) => name !== '');
}
