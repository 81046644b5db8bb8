/** Networks as records: predefined ones, checks of new ones, look-up by name and id. Touches no link. */

import { TiffinError } from '../base/errors.ts';
import { isHex } from '../base/ids.ts';
import { hostRoutes, hostRoutes6, interfaceIndex } from '../host/network-facts.ts';
import { type IpSubnet, overlaps, parseCidr } from '../spec/ip.ts';
import type { Instance } from './instance.ts';
import {
  blankNetwork,
  bridgeSettings,
  buildNetwork,
  checkName,
  DEFAULT_NETWORK,
  PREDEFINED,
} from './new-network.ts';
import { addressedPool, chooseSubnet, routedSubnets } from './pools.ts';
import type { NetworkTables } from './tables.ts';
import type { CreateNetwork, DefaultNetwork, Network } from './types.ts';

export class NetworkRecords {
  readonly #tables: NetworkTables;
  readonly #instance: Instance;

  constructor(tables: NetworkTables, instance: Instance) {
    this.#tables = tables;
    this.#instance = instance;
  }

  ensureDefault(): void {
    this.#tables.transaction(() => {
      const { bridge } = this.#instance;
      if (this.#tables.networkByName(DEFAULT_NETWORK) === undefined) {
        const ipv4 = chooseSubnet(this.#taken(bridge), this.#instance.spread);
        this.#tables.insertNetwork({ ...blankNetwork(DEFAULT_NETWORK), bridge, ipv4 });
      }
      for (const [name, driver] of [
        ['host', 'host'],
        ['none', 'null'],
      ] as const) {
        if (this.#tables.networkByName(name) !== undefined) continue;
        this.#tables.insertNetwork({ ...blankNetwork(name), driver, masquerade: false });
      }
    });
  }

  configureDefault(network: Network, wish: DefaultNetwork): Network {
    const others = this.#ownSubnets(network.id);
    const ipv4 = wish.address === undefined ? network.ipv4 : addressedPool(wish.address, others);
    const options = { ...wish.options };
    const { isolated: _isolated, hostBinding: _binding, ...plain } = network;
    const wished: Network = { ...plain, ...bridgeSettings(options), options, ipv4 };
    if (JSON.stringify(wished) === JSON.stringify(network)) return network;
    const moved = wished.ipv4?.subnet !== network.ipv4?.subnet;
    const users = this.#tables.endpointsIn(network.id).length;
    if (moved && users > 0) {
      const message = `cannot give the default network ${wished.ipv4?.subnet}: ${users} running containers have addresses of ${network.ipv4?.subnet}`;
      throw new TiffinError('conflict', 'network-in-use', message, { hint: 'stop them first' });
    }
    this.#tables.updateNetwork(wished, moved);
    return wished;
  }

  create(request: CreateNetwork): Network {
    checkName(request.name);
    return this.#tables.transaction(() => {
      if (this.#tables.networkByName(request.name) !== undefined || PREDEFINED.has(request.name)) {
        const message = `network with name ${request.name} already exists`;
        throw new TiffinError('already-exists', 'network-exists', message);
      }
      const network = buildNetwork(request, this.#ownSubnets(), this.#taken(''), this.#instance);
      this.#tables.insertNetwork(network);
      return network;
    });
  }

  inspect(text: string): Network {
    const name = text === 'default' ? DEFAULT_NETWORK : text;
    const named = this.#tables.networkByName(name);
    if (named !== undefined) return named;
    const found = isHex(text) ? this.#tables.networksByPrefix(text) : [];
    const [first, second] = found;
    if (first === undefined) {
      throw new TiffinError('not-found', 'no-such-network', `network ${text} not found`);
    }
    if (second !== undefined) {
      const message = `network ${text} is ambiguous (2 matches found on ID prefix)`;
      throw new TiffinError('invalid', 'ambiguous-network', message);
    }
    return first;
  }

  remove(text: string): void {
    this.#tables.transaction(() => {
      const network = this.inspect(text);
      if (PREDEFINED.has(network.name)) {
        const message = `${network.name} is a pre-defined network and cannot be removed`;
        throw new TiffinError('denied', 'predefined-network', message);
      }
      const users = this.#tables.endpointsIn(network.id);
      if (users.length > 0) {
        const names = users.map(({ containerId }) => containerId.slice(0, 12)).join(', ');
        const message = `error while removing network: network ${network.name} has active endpoints (containers ${names})`;
        throw new TiffinError('conflict', 'network-in-use', message, {
          hint: 'stop or disconnect them first',
        });
      }
      this.#tables.deleteNetwork(network.id);
    });
  }

  /**
   * Gives the default network another subnet when somebody else has taken its own meanwhile and nobody uses it yet:
   * an engine may have been started long before its first container.
   */
  settle(network: Network): Network {
    const subnet = network.ipv4 && parseCidr(network.ipv4.subnet)?.subnet;
    if (subnet === undefined) return network;
    if (interfaceIndex(network.bridge) !== undefined) return network;
    return this.#tables.transaction(() => {
      const taken = this.#taken(network.bridge, network.id);
      const used = this.#tables.endpointsIn(network.id).length > 0;
      if (used || !taken.some((other) => overlaps(other, subnet))) return network;
      const settled = { ...network, ipv4: chooseSubnet(taken, this.#instance.spread) };
      this.#tables.updateNetwork(settled, true);
      return settled;
    });
  }

  /** What a new subnet must not overlap: networks of this engine, and whatever else the host has routes for. */
  #taken(exceptInterface: string, exceptNetwork?: string): IpSubnet[] {
    const routed = routedSubnets(hostRoutes(), exceptInterface);
    const routed6 = hostRoutes6()
      .filter((route) => route.interface !== exceptInterface)
      .map(({ value, prefix }): IpSubnet => ({ family: 6, value, prefix }));
    return [...this.#ownSubnets(exceptNetwork), ...routed, ...routed6];
  }

  #ownSubnets(except?: string): IpSubnet[] {
    return this.#tables
      .networks()
      .filter(({ id }) => id !== except)
      .flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6])
      .flatMap((pool) => (pool && parseCidr(pool.subnet)?.subnet) ?? []);
  }
}
