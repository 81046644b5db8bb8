/** The networks of one engine: records in the database, and plans that make them real. */

import { TiffinError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { nameServers } from '../host/name-servers.ts';
import type { Plan, Step } from '../plan/ops.ts';
import { formatIp, parseIp } from '../spec/ip.ts';
import { allocateAddress, formatMac, macOf, parseMac } from './addresses.ts';
import { attachmentSteps, teardownSteps } from './endpoint-plan.ts';
import { type Guarded, type Guest, NO_BRIDGE_TABLES } from './guard-plan.ts';
import {
  bridgeIndex,
  bridgeSteps,
  firewallSteps,
  guardSteps,
  indexOf,
  rejoinSteps,
  removeNetworkSteps,
  removeTableSteps,
} from './host-plan.ts';
import type { NetworkOptions, NetworkRoom } from './index.ts';
import { type Instance, instanceOf } from './instance.ts';
import { LateChanges, type PortWishes } from './late.ts';
import { joinSteps, leaveSteps } from './late-plan.ts';
import { isMacvlan, probeSteps } from './macvlan.ts';
import { NameDirectory } from './names/directory.ts';
import { Forwarder } from './names/forward.ts';
import { NameService } from './names/service.ts';
import { DEFAULT_NETWORK } from './new-network.ts';
import { type HostPort, PortAllocator, portTaken } from './ports.ts';
import { NetworkRecords } from './records.ts';
import { NetworkTables } from './tables.ts';
import type {
  ConnectRequest,
  CreateNetwork,
  DefaultNetwork,
  Endpoint,
  Network,
  PortBinding,
  PortOwner,
} from './types.ts';

const FIRST_INSIDE_INDEX = 16;
const FIRST_LATE_INDEX = 0x10000;

export class NetworkManager implements NetworkRoom {
  readonly #tables: NetworkTables;
  readonly #records: NetworkRecords;
  readonly #ports: PortAllocator;
  readonly #instance: Instance;
  readonly names: NameService;
  readonly #late: LateChanges;
  readonly #forward: boolean;
  /** Whether this engine's life has seen the firewall made with the live ports in it. */
  #restored = false;
  #settled = false;
  /** The kernel has tables for bridges, as far as is known. */
  #guarded = true;
  /** The step of the last `hostSetup` by which the kernel tells. */
  #guardStep: Step | undefined;

  constructor(options: NetworkOptions) {
    this.#forward = options.forward !== false;
    this.#instance = instanceOf(options.dataRoot);
    this.#tables = new NetworkTables(options.database);
    this.#records = new NetworkRecords(this.#tables, this.#instance);
    this.#ports = new PortAllocator(this.#tables);
    this.#late = new LateChanges(this.#tables, this.#ports, this.#instance.table);
    this.names = new NameService(
      this.#tables,
      new NameDirectory(this.#tables),
      new Forwarder(nameServers),
    );
  }

  get tableName(): string {
    return this.#instance.table;
  }

  ensureDefault(): void {
    this.#records.ensureDefault();
  }

  configureDefault(wish: DefaultNetwork): Plan {
    const before = this.inspect(DEFAULT_NETWORK);
    const after = this.#records.configureDefault(before, wish);
    // What was asked for stays, whoever else has such a subnet.
    if (wish.address !== undefined) this.#settled = true;
    const same = before.mtu === after.mtu && before.ipv4?.gateway === after.ipv4?.gateway;
    const busy = this.#tables.endpointsIn(before.id).length > 0;
    return same || busy ? [] : removeNetworkSteps(this.#instance.table, before);
  }

  create(request: CreateNetwork): Network {
    return this.#records.create(request);
  }

  list(): Network[] {
    return this.#tables.networks();
  }

  inspect(network: string): Network {
    return this.#records.inspect(network);
  }

  remove(network: string): void {
    this.#records.remove(network);
  }

  endpoints(network: string): Endpoint[] {
    return this.#tables.endpointsIn(this.inspect(network).id);
  }

  endpointsOf(containerId: string): Endpoint[] {
    return this.#tables.endpointsOf(containerId);
  }

  hostSetup(name: string): Plan {
    const network = this.inspect(name);
    if (network.driver !== 'bridge') return [];
    const settled = this.#settle(network);
    const live = this.#restored ? [] : this.#tables.endpoints();
    this.#restored = true;
    const members = this.#tables.endpointsIn(settled.id);
    return [
      ...bridgeSteps(settled, this.#forward),
      ...rejoinSteps(settled, members),
      ...firewallSteps(this.#instance.table, this.list(), live),
      ...this.#guardSetup(live),
    ];
  }

  withoutGuard(step: Step | undefined, errno: number): boolean {
    if (step === undefined || step !== this.#guardStep || !NO_BRIDGE_TABLES.has(errno))
      return false;
    this.#guarded = false;
    return true;
  }

  hostProbe(name: string): Plan {
    const network = this.inspect(name);
    return isMacvlan(network) ? probeSteps(network) : [];
  }

  forgetFirewall(): void {
    this.#restored = false;
  }

  hostTeardown(name: string): Plan {
    return removeNetworkSteps(this.#instance.table, this.inspect(name));
  }

  hostRelease(): Plan {
    const busy = new Set(this.#tables.endpoints().map(({ networkId }) => networkId));
    const idle = this.list().filter(({ id }) => !busy.has(id));
    const steps = idle.flatMap((network) => removeNetworkSteps(this.#instance.table, network));
    return busy.size > 0 ? steps : [...steps, ...removeTableSteps(this.#instance.table)];
  }

  connect(request: ConnectRequest): Endpoint {
    return this.#tables.transaction(() => {
      const network = this.#settle(this.inspect(request.network));
      const others = this.#tables.endpointsOf(request.containerId);
      checkCombination(network, others, request);
      const position = others.reduce((next, { position: at }) => Math.max(next, at + 1), 0);
      const endpoint = blankEndpoint(request, network, position);
      const offsets = this.#address(endpoint, network, request);
      if (network.driver === 'bridge' && !network.internal) {
        endpoint.ports = this.#ports.allocate(request, network);
      }
      this.#tables.insertEndpoint(endpoint, offsets);
      return endpoint;
    });
  }

  endpointSteps(...endpoints: readonly Endpoint[]): Step[] {
    const attached = endpoints.filter(({ interface: name }) => name !== '');
    const attachments = attached.map((endpoint) => {
      const network = this.inspect(endpoint.networkId);
      const guarded = this.#guard(endpoint, attached, 'one way');
      return { endpoint, network, bridge: bridgeIndex(network), guarded };
    });
    return attachmentSteps(this.#instance.table, attachments);
  }

  endpointTeardown(...endpoints: readonly Endpoint[]): Plan {
    return endpoints
      .filter(({ interface: name }) => name !== '')
      .flatMap((endpoint) => {
        const all = this.#tables.endpointsOf(endpoint.containerId);
        return teardownSteps(this.#instance.table, endpoint, this.#guard(endpoint, all));
      })
      .map((step) => ({ ...step, stage: 'host' }));
  }

  joinSteps(endpoint: Endpoint, all: readonly Endpoint[]): Step[] {
    const network = this.inspect(endpoint.networkId);
    const guarded = this.#guard(endpoint, all);
    const attachment = { endpoint, network, bridge: bridgeIndex(network), guarded };
    return joinSteps(this.#instance.table, attachment, all);
  }

  leaveSteps(endpoint: Endpoint, rest: readonly Endpoint[]): Step[] {
    const guarded = this.#guard(endpoint, rest);
    return leaveSteps(this.#instance.table, endpoint, rest, guarded);
  }

  rename(containerId: string, from: string, to: string): void {
    this.#late.rename(containerId, from, to);
  }

  settlePorts(containerId: string, wishes: PortWishes, left: readonly PortBinding[] = []): Plan {
    return this.#late.settlePorts(containerId, wishes, left);
  }

  disconnect(containerId: string, network?: string): void {
    this.#tables.transaction(() => {
      for (const { id, networkId, networkName } of this.#tables.endpointsOf(containerId)) {
        if (network === undefined || network === networkId || network === networkName) {
          this.#tables.deleteEndpoint(id);
        }
      }
    });
  }

  disconnectUnknown(isKnown: (containerId: string) => boolean): void {
    const holders = new Set(this.#tables.endpoints().map(({ containerId }) => containerId));
    for (const holder of holders) if (!isKnown(holder)) this.disconnect(holder);
  }

  portOwner(port: HostPort): PortOwner | undefined {
    return this.#ports.owner(port);
  }

  portTaken(port: HostPort, name: string | undefined): TiffinError {
    return portTaken(port, this.#ports.process(port), name);
  }

  #guardSetup(live: readonly Endpoint[]): Step[] {
    if (!this.#guarded) return [];
    const steps = guardSteps(this.#instance.table, live);
    [this.#guardStep] = steps;
    return steps;
  }

  /** `one way`: the others, which start with it, have steps of their own for what they send as this one. */
  #guard(endpoint: Endpoint, all: readonly Endpoint[], ways: 'one way' | 'both' = 'both'): Guarded {
    if (!this.#guarded) return undefined;
    const others = all.filter(({ id, interface: name }) => id !== endpoint.id && name !== '');
    const asIt = others.map((host): Guest => ({ guest: endpoint, host }));
    return ways === 'one way'
      ? asIt
      : [...asIt, ...others.map((guest): Guest => ({ guest, host: endpoint }))];
  }

  /** Once per life, before the default network is used: its subnet was chosen when the engine started. */
  #settle(network: Network): Network {
    if (this.#settled || network.name !== DEFAULT_NETWORK) return network;
    this.#settled = true;
    return this.#records.settle(network);
  }

  /** Fills addresses in; returns what the database keeps unique. */
  #address(endpoint: Endpoint, network: Network, request: ConnectRequest) {
    const v4 = allocateAddress(this.#tables, network, 'offset4', request.fixedAddress);
    const v6 = allocateAddress(this.#tables, network, 'offset6', request.fixedAddress6);
    if (v4 !== undefined) {
      Object.assign(endpoint, { address: v4.address, prefix: v4.prefix, gateway: v4.gateway });
    }
    if (v6 !== undefined) {
      Object.assign(endpoint, { address6: v6.address, prefix6: v6.prefix, gateway6: v6.gateway });
    }
    if (isLinked(network)) endpoint.mac = macFor(request, endpoint.address || endpoint.address6);
    return { v4: v4?.offset ?? null, v6: v6?.offset ?? null };
  }
}

function blankEndpoint(request: ConnectRequest, network: Network, position: number): Endpoint {
  const id = newId();
  const bridged = network.driver === 'bridge';
  const linked = isLinked(network);
  return {
    id,
    containerId: request.containerId,
    networkId: network.id,
    networkName: network.name,
    driver: network.driver,
    hostname: request.hostname,
    aliases: [...(request.aliases ?? [])],
    position,
    insideIndex: insideIndex(position, request.late === true),
    gatewayPriority: request.gatewayPriority ?? 0,
    linkLocal: linkLocalAddresses(request.linkLocal ?? []),
    anyAddress: request.anyAddress === true,
    interface: linked ? `eth${position}` : '',
    hostInterface: bridged ? `veth${id.slice(0, 11)}` : '',
    hostIndex: bridged ? indexOf(id) : 0,
    mac: '',
    address: '',
    prefix: 0,
    gateway: '',
    address6: '',
    prefix6: 0,
    gateway6: '',
    ports: [],
  };
}

/** Its containers have interfaces of their own in it. */
function isLinked({ driver }: Pick<Network, 'driver'>): boolean {
  return driver === 'bridge' || driver === 'macvlan';
}

/** Host and none are alone; a network is joined once. */
function checkCombination(
  network: Network,
  others: readonly Endpoint[],
  request: ConnectRequest,
): void {
  if (others.some(({ networkId }) => networkId === network.id)) {
    const message = `endpoint with name ${request.name ?? request.hostname} already exists in network ${network.name}`;
    throw new TiffinError('denied', 'already-connected', message);
  }
  const alone = [network, ...others].find((one) => !isLinked(one));
  if (alone !== undefined && others.length > 0) {
    const message =
      'container cannot be connected to multiple networks with one of the networks in private (none) or host mode';
    throw new TiffinError('invalid', 'network-alone', message);
  }
}

/** Above those that the kernel gives to devices of its own in a new namespace; later, above whatever the container made. */
function insideIndex(position: number, late: boolean): number {
  return (late ? FIRST_LATE_INDEX : FIRST_INSIDE_INDEX) + position;
}

function linkLocalAddresses(texts: readonly string[]): string[] {
  return texts.map((text) => {
    const ip = parseIp(text);
    if (ip !== undefined) return formatIp(ip);
    const message = `invalid link local IP address: ${JSON.stringify(text.slice(0, 60))}`;
    throw new TiffinError('invalid', 'bad-address', message);
  });
}

function macFor(request: ConnectRequest, address: string): string {
  if (!request.mac) return macOf(address);
  const bytes = parseMac(request.mac);
  if (bytes !== undefined) return formatMac(bytes);
  const shown = JSON.stringify(request.mac.slice(0, 40));
  throw new TiffinError('invalid', 'bad-mac', `invalid MAC address ${shown}`, {
    hint: 'use six hex pairs, the first one even: 02:42:ac:11:00:02',
  });
}
