/** A container's places in networks: reserved before a launch, freed after its end. */

import { assert } from '../../base/errors.ts';
import {
  type ConnectRequest,
  chooseGateway,
  type Endpoint,
  type Network,
} from '../../network/index.ts';
import type { EndpointSettings } from '../../spec/docker.ts';
import type { Definition } from '../containers/record.ts';
import { parsePortKey, toPortRequests } from '../networks/ports.ts';
import type { Parts } from '../parts.ts';
import { writeHosts } from './etc-files.ts';
import { linkedFrom } from './peers.ts';

/** Reserves addresses and ports in every network of the container; all or none. */
export async function connectAll(parts: Parts, definition: Definition): Promise<Endpoint[]> {
  const requests = connectRequests(parts, definition);
  // First the bridges: an unused default network may move to another subnet before anybody has an address in it.
  for (const { network } of requests) await parts.networkSetup.ensure(network);
  return parts.database.transaction(() =>
    requests.map((request) => parts.networks.connect(request)),
  );
}

/** Frees them; who was linked to it no longer has its address. */
export function disconnectAll(parts: Parts, containerId: string): void {
  const endpoints = parts.networks.endpointsOf(containerId);
  parts.networks.disconnect(containerId);
  refreshLinked(parts, containerId);
  announceEndpoints(parts, 'disconnect', endpoints);
}

/** After a start: who is linked to it learns the address. */
export function announceConnected(
  parts: Parts,
  containerId: string,
  endpoints: readonly Endpoint[],
): void {
  refreshLinked(parts, containerId);
  announceEndpoints(parts, 'connect', endpoints);
}

export function refreshLinked(parts: Parts, containerId: string): void {
  for (const id of linkedFrom(parts, containerId)) {
    const peer = parts.containers.find(id);
    if (peer?.isLive) writeHosts(parts, peer, parts.networks.endpointsOf(id));
  }
}

export function announceEndpoints(
  parts: Parts,
  action: 'connect' | 'disconnect',
  endpoints: readonly Endpoint[],
): void {
  for (const endpoint of endpoints) {
    parts.events.emit('network', action, endpoint.networkId, {
      container: endpoint.containerId,
      name: endpoint.networkName,
      type: endpoint.driver,
    });
  }
}

/** Empty when the container shares the network namespace of another one. The ports go where the default route leads. */
function connectRequests(parts: Parts, definition: Definition): ConnectRequest[] {
  if (definition.hostConfig.NetworkMode.startsWith('container:')) return [];
  const wanted = wantedNetworks(parts, definition);
  const gateway = gatewayOf(
    wanted.map(({ network, settings }) => ({ network, priority: settings?.GwPriority ?? 0 })),
  );
  return wanted.map(({ network, settings }) => ({
    ...connectRequest(definition, network, settings),
    ...(network.id === gateway?.id ? portWishes(definition) : {}),
  }));
}

/** The network of several that leads out. */
export function gatewayOf(
  networks: readonly { network: Network; priority: number }[],
): Network | undefined {
  const outward = networks.filter(({ network }) => !network.internal);
  return chooseGateway(
    outward.map(({ network, priority }) => ({
      network,
      networkName: network.name,
      gatewayPriority: priority,
    })),
  )?.network;
}

/** What the container publishes, wherever it is connected. */
export function portWishes({
  config,
  hostConfig,
}: Definition): Pick<ConnectRequest, 'ports' | 'exposed' | 'publishAll'> {
  return {
    ports: toPortRequests(hostConfig.PortBindings),
    exposed: Object.keys(config.ExposedPorts).map(parsePortKey),
    publishAll: hostConfig.PublishAllPorts,
  };
}

/** The network of `--network` first, which gives eth0; one that was left since is not joined again. */
function wantedNetworks(
  parts: Parts,
  { hostConfig, networks }: Definition,
): { network: Network; settings: EndpointSettings | undefined }[] {
  const mode = parts.networks.inspect(hostConfig.NetworkMode);
  if (mode.driver === 'host' || mode.driver === 'null') {
    return [{ network: mode, settings: undefined }];
  }
  const others = Object.entries(networks).map(([name, settings]) => ({
    network: parts.networks.inspect(name === 'default' ? 'bridge' : name),
    settings,
  }));
  if (others.length === 0) return [{ network: mode, settings: undefined }];
  return others.toSorted(
    (one, other) => Number(other.network.id === mode.id) - Number(one.network.id === mode.id),
  );
}

/** One network's part of what a container wants, without ports. */
export function connectRequest(
  definition: Definition,
  network: Network,
  settings: EndpointSettings | undefined,
): ConnectRequest {
  const { id, name, config, hostConfig } = definition;
  const address = settings?.IPAMConfig?.IPv4Address ?? '';
  const address6 = settings?.IPAMConfig?.IPv6Address ?? '';
  const own = hostConfig.NetworkMode === network.name || hostConfig.NetworkMode === network.id;
  const mac = settings?.MacAddress || (own ? config.MacAddress : '') || '';
  return {
    containerId: id,
    name,
    network: network.id,
    hostname: config.Hostname,
    aliases: [name, ...(settings?.Aliases ?? [])],
    gatewayPriority: settings?.GwPriority ?? 0,
    linkLocal: settings?.IPAMConfig?.LinkLocalIPs ?? [],
    ...(address === '' ? {} : { fixedAddress: address }),
    ...(address6 === '' ? {} : { fixedAddress6: address6 }),
    ...(mac === '' ? {} : { mac }),
    ...(mayChangeAddresses(hostConfig) ? { anyAddress: true } : {}),
  };
}

/** Routers, VPNs and engines inside containers: what sends for others needs CAP_NET_ADMIN for it. */
function mayChangeAddresses({ Privileged, CapAdd }: Definition['hostConfig']): boolean {
  const wide = new Set(['ALL', 'NET_ADMIN', 'CAP_NET_ADMIN']);
  return Privileged || CapAdd.some((name) => wide.has(name.toUpperCase()));
}

/** Calls `body` with the endpoints that a start would get now; they are not kept. */
export function dryEndpoints<T>(
  parts: Parts,
  definition: Definition,
  body: (endpoints: Endpoint[]) => T,
): T {
  const rolledBack = new Error('dry run');
  let result: { value: T } | undefined;
  try {
    parts.database.transaction(() => {
      const requests = connectRequests(parts, definition);
      const endpoints = requests.map((request) => parts.networks.connect(request));
      result = { value: body(endpoints) };
      throw rolledBack;
    });
  } catch (error) {
    if (error !== rolledBack) throw error;
  }
  assert(result !== undefined, 'the dry run ended');
  return result.value;
}
