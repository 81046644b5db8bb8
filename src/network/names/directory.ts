/** Who is called what in which network. Rebuilt for a network when its members have changed. */

import type { Endpoint } from '../types.ts';

export interface NamedAddresses {
  v4: string[];
  v6: string[];
}

interface Listing {
  revision: number;
  byName: Map<string, NamedAddresses>;
  /** The first name of whoever has the address. */
  byAddress: Map<string, string>;
}

export class NameDirectory {
  readonly #source: { revision: number; endpointsIn(network: string): Endpoint[] };
  readonly #listings = new Map<string, Listing>();

  constructor(source: { revision: number; endpointsIn(network: string): Endpoint[] }) {
    this.#source = source;
  }

  /** `name` in lower case. */
  find(network: string, name: string): NamedAddresses | undefined {
    return this.#listing(network).byName.get(name);
  }

  /** The name at a canonical address. */
  nameAt(network: string, address: string): string | undefined {
    return this.#listing(network).byAddress.get(address);
  }

  forget(network: string): void {
    this.#listings.delete(network);
  }

  #listing(network: string): Listing {
    const { revision } = this.#source;
    const known = this.#listings.get(network);
    if (known?.revision === revision) return known;
    const listing = list(this.#source.endpointsIn(network), revision);
    this.#listings.set(network, listing);
    return listing;
  }
}

/** The names by which an endpoint answers in its network: as asked for, then the short id and the host name. */
export function endpointNames(
  endpoint: Pick<Endpoint, 'aliases' | 'hostname' | 'containerId'>,
): string[] {
  const { aliases, hostname, containerId } = endpoint;
  return [...new Set([...aliases, containerId.slice(0, 12), hostname])].filter(Boolean);
}

function list(endpoints: readonly Endpoint[], revision: number): Listing {
  const byName = new Map<string, NamedAddresses>();
  const byAddress = new Map<string, string>();
  for (const endpoint of endpoints) {
    const names = endpointNames(endpoint);
    for (const name of names) {
      const key = name.toLowerCase();
      const found = byName.get(key) ?? { v4: [], v6: [] };
      if (endpoint.address !== '') found.v4.push(endpoint.address);
      if (endpoint.address6 !== '') found.v6.push(endpoint.address6);
      byName.set(key, found);
    }
    const [first] = names;
    for (const address of [endpoint.address, endpoint.address6]) {
      if (address !== '' && first !== undefined) byAddress.set(address, first);
    }
  }
  return { revision, byName, byAddress };
}
