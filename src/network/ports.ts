/** Published ports: which host port each gets, and who stands in the way. */

import { TiffinError } from '../base/errors.ts';
import { boundSockets, localPortRange, socketHolder } from '../host/network-facts.ts';
import { formatIp, type IpFamily, ipBytes, parseIp } from '../spec/ip.ts';
import type { NetworkTables } from './tables.ts';
import type { ConnectRequest, Network, PortBinding, PortOwner, PortRequest } from './types.ts';

/** Host address, port and protocol: what can be held only once. */
export type HostPort = Pick<PortBinding, 'protocol' | 'hostAddress' | 'hostPort'>;

/** Where ephemeral ports begin (RFC 6335), and those of docker began; the range itself is the kernel's. */
const FIRST_DYNAMIC = 49153;

/** Chooses host ports. One per engine: it remembers where the last search for an ephemeral port ended. */
export class PortAllocator {
  readonly #tables: NetworkTables;
  #next = FIRST_DYNAMIC;

  constructor(tables: NetworkTables) {
    this.#tables = tables;
  }

  /**
   * Throws `conflict` when a port is taken, `exhausted` when no ephemeral one is left. Inside a transaction.
   * A second request after a failed bind gets another ephemeral port than the first.
   */
  allocate(request: ConnectRequest, network: Network): PortBinding[] {
    const wanted = [...(request.ports ?? []), ...published(request)];
    const chosen: PortBinding[] = [];
    for (const port of wanted) {
      const addresses = hostAddresses(port, network);
      const hostPort = this.#choose(port, addresses, chosen, request);
      const { protocol, containerPort } = port;
      for (const hostAddress of addresses) {
        chosen.push({ protocol, containerPort, hostAddress, hostPort });
      }
    }
    return chosen;
  }

  /** Another container first, as it never shows up as a listening process. */
  owner(port: HostPort): PortOwner | undefined {
    const container = this.#container(port);
    if (container !== undefined) return { kind: 'container', containerId: container };
    return this.process(port);
  }

  /** For a port that the books say is free, or ours. */
  process(port: HostPort): PortOwner | undefined {
    const inode = hostSocket(port);
    const holder = inode === undefined ? undefined : socketHolder(inode);
    return holder === undefined ? undefined : { kind: 'process', ...holder };
  }

  #choose(
    port: PortRequest,
    addresses: readonly string[],
    chosen: readonly PortBinding[],
    request: ConnectRequest,
  ): number {
    const at = (hostPort: number): HostPort[] =>
      addresses.map((hostAddress) => ({ protocol: port.protocol, hostAddress, hostPort }));
    const reserved = (hostPort: number) =>
      at(hostPort).some(
        (one) => chosen.some((other) => collide(one, other)) || this.#container(one) !== undefined,
      );
    const { hostPort, hostPortEnd = hostPort } = port;
    if (hostPort !== 0 && hostPortEnd === hostPort) {
      const taken = at(hostPort).find((one) => this.#container(one) !== undefined);
      if (taken !== undefined) throw portTaken(taken, this.owner(taken), request.name);
      return hostPort;
    }
    // An ephemeral port is tried without a look at the host's sockets: to read their table takes longer than to start anew.
    const free = (candidate: number) =>
      !reserved(candidate) &&
      (hostPort === 0 || !at(candidate).some((one) => hostSocket(one) !== undefined));
    const range = hostPort === 0 ? localPortRange() : ([hostPort, hostPortEnd] as const);
    const found = search(range, hostPort === 0 ? this.#next : range[0], free);
    if (found === undefined) throw noneFree(port, range);
    if (hostPort === 0) this.#next = found + 1;
    return found;
  }

  #container(port: HostPort): string | undefined {
    const publishers = this.#tables.publishers(port.protocol, port.hostPort);
    return publishers.find(({ address }) => sameAddress(address, port.hostAddress))?.container;
  }
}

/** The words that Docker's clients know, and by whom the port is held. */
export function portTaken(
  port: HostPort,
  owner: PortOwner | undefined,
  name: string | undefined,
): TiffinError {
  const { protocol, hostAddress, hostPort } = port;
  const address = hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress;
  const on = name === undefined ? '' : ` on endpoint ${name}`;
  const prefix = `driver failed programming external connectivity${on}`;
  const message = `${prefix}: Bind for ${address}:${hostPort} failed: port is already allocated${byWhom(owner)}`;
  return new TiffinError('conflict', 'port-taken', message, {
    hint: `choose another host port than ${hostPort}/${protocol}, or stop what uses it`,
  });
}

function byWhom(owner: PortOwner | undefined): string {
  if (owner === undefined) return '';
  if (owner.kind === 'container') return ` (by container ${owner.containerId.slice(0, 12)})`;
  return ` (by process ${owner.pid}, ${owner.command})`;
}

/** `-P`: every exposed port that has no binding of its own. */
function published(request: ConnectRequest): PortRequest[] {
  if (request.publishAll !== true) return [];
  const bound = new Set((request.ports ?? []).map((one) => `${one.containerPort}/${one.protocol}`));
  return (request.exposed ?? [])
    .filter(({ port, protocol }) => !bound.has(`${port}/${protocol}`))
    .map(({ port, protocol }) => ({
      protocol,
      containerPort: port,
      hostAddress: '',
      hostPort: 0,
    }));
}

/** No address stands for every address of the families that the network has. */
function hostAddresses(port: PortRequest, network: Network): string[] {
  const families: IpFamily[] = [
    ...(network.ipv4 ? [4 as const] : []),
    ...(network.ipv6 ? [6 as const] : []),
  ];
  if (port.hostAddress === '' && network.hostBinding !== undefined) return [network.hostBinding];
  if (port.hostAddress === '') return families.map((family) => (family === 4 ? '0.0.0.0' : '::'));
  const address = parseIp(port.hostAddress);
  if (address === undefined) {
    throw new TiffinError(
      'invalid',
      'bad-host-address',
      `invalid IP address: ${JSON.stringify(port.hostAddress.slice(0, 60))}`,
    );
  }
  if (address.family === 6 && address.value === 1n) {
    const message = 'cannot publish on ::1: the kernel takes no answers of containers for it';
    throw new TiffinError('unsupported', 'no-such-family', message, {
      hint: 'publish on 127.0.0.1, or on another IPv6 address of the host',
    });
  }
  if (!families.includes(address.family)) {
    const message = `cannot publish on ${port.hostAddress}: network ${network.name} has no IPv${address.family} addresses`;
    throw new TiffinError('unsupported', 'no-such-family', message, {
      hint: `publish on an IPv${families[0] ?? 4} address`,
    });
  }
  return [formatIp(address)];
}

function search(
  [first, last]: readonly [number, number],
  start: number,
  free: (port: number) => boolean,
): number | undefined {
  const size = last - first + 1;
  const from = start >= first && start <= last ? start - first : 0;
  for (let tried = 0; tried < size; tried += 1) {
    const candidate = first + ((from + tried) % size);
    if (free(candidate)) return candidate;
  }
  return undefined;
}

function noneFree(port: PortRequest, [first, last]: readonly [number, number]): TiffinError {
  const message = `all ports are allocated: ${port.protocol} ${first}-${last}`;
  return new TiffinError('exhausted', 'no-free-port', message);
}

function collide(one: HostPort, other: HostPort): boolean {
  return (
    one.protocol === other.protocol &&
    one.hostPort === other.hostPort &&
    sameAddress(one.hostAddress, other.hostAddress)
  );
}

/** Equal, or one of them is every address of their family. */
function sameAddress(one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [parseIp(one), parseIp(other)];
  if (a === undefined || b === undefined || a.family !== b.family) return false;
  return a.value === 0n || b.value === 0n;
}

/** Inode of a socket of the host that holds the port; an IPv6 wildcard is taken to hold IPv4 too. */
function hostSocket(port: HostPort): string | undefined {
  if (port.protocol === 'sctp') return undefined;
  const address = parseIp(port.hostAddress);
  if (address === undefined) return undefined;
  const wanted = ipBytes(address);
  const any = address.value === 0n;
  return boundSockets(port.protocol).find((socket) => {
    if (socket.port !== port.hostPort) return false;
    const wildcard = socket.address.every((byte) => byte === 0);
    if (wildcard) return true;
    if (socket.address.length !== wanted.length) return false;
    return any || socket.address.every((byte, at) => byte === wanted[at]);
  })?.inode;
}
