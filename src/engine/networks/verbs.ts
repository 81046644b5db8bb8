/** The networks' part of the contract. */

import type { Network } from '../../network/index.ts';
import type {
  Filters,
  IpamPool,
  NetworkContainer,
  NetworkCreateRequest,
  NetworkResource,
  PruneReport,
} from '../../spec/docker.ts';
import type { Networks } from '../contract.ts';
import { anyOf, checkFilters, lacksLabels, matchesLabels, parseUntil } from '../filters.ts';
import type { Parts } from '../parts.ts';
import { announced } from '../prune-event.ts';
import { formatTime } from '../time.ts';
import { connectContainer } from './connect.ts';
import { disconnectContainer } from './disconnect.ts';

const PREDEFINED: ReadonlySet<string> = new Set(['bridge', 'host', 'none']);

export function networkVerbs(parts: Parts): Networks {
  return {
    create: (request) => createNetwork(parts, request),
    list: async (filters) =>
      parts.networks.list().filter(networkFilter(parts, filters)).map(toResource),
    inspect: async (id) => inspectNetwork(parts, id),
    remove: (id) => removeNetwork(parts, id),
    connect: (id, container, settings) => connectContainer(parts, id, container, settings),
    disconnect: (id, container, force) => disconnectContainer(parts, id, container, force),
    prune: (filters) => announced(parts, 'network', pruneNetworks(parts, filters)),
  };
}

async function createNetwork(
  parts: Parts,
  request: NetworkCreateRequest,
): Promise<{ Id: string; Warning: string }> {
  const network = parts.networks.create({
    name: request.Name,
    ...(request.Driver === '' ? {} : { driver: request.Driver }),
    pools: request.IPAM.Config.map(({ Subnet, Gateway, IPRange, AuxiliaryAddresses }) => ({
      ...(Subnet === undefined ? {} : { subnet: Subnet }),
      ...(Gateway === undefined ? {} : { gateway: Gateway }),
      ...(IPRange === undefined ? {} : { range: IPRange }),
      ...(AuxiliaryAddresses === undefined ? {} : { taken: AuxiliaryAddresses }),
    })),
    enableIpv4: request.EnableIPv4,
    enableIpv6: request.EnableIPv6,
    internal: request.Internal,
    labels: request.Labels,
    options: request.Options,
  });
  try {
    await parts.networkSetup.probe(network.id);
  } catch (error) {
    parts.networks.remove(network.id);
    throw error;
  }
  emitNetwork(parts, 'create', network);
  return { Id: network.id, Warning: '' };
}

function inspectNetwork(parts: Parts, id: string): NetworkResource {
  const network = parts.networks.inspect(id);
  const containers: Record<string, NetworkContainer> = Object.create(null);
  for (const endpoint of parts.networks.endpoints(network.id)) {
    const container = parts.containers.find(endpoint.containerId);
    containers[endpoint.containerId] = {
      Name: container?.name ?? '',
      EndpointID: endpoint.id,
      MacAddress: endpoint.mac,
      IPv4Address: withPrefix(endpoint.address, endpoint.prefix),
      IPv6Address: withPrefix(endpoint.address6, endpoint.prefix6),
    };
  }
  return { ...toResource(network), Containers: containers };
}

/** The record goes first when that is allowed; a bridge that a crash leaves is unused and taken over or replaced. */
async function removeNetwork(parts: Parts, id: string): Promise<void> {
  const network = parts.networks.inspect(id);
  const teardown = parts.networks.hostTeardown(network.id);
  parts.networks.remove(network.id);
  await parts.networkSetup.remove(network.id, teardown);
  emitNetwork(parts, 'destroy', network);
}

async function pruneNetworks(parts: Parts, filters: Filters): Promise<PruneReport> {
  checkFilters(filters, ['label', 'label!', 'until']);
  const until = parseUntil(filters);
  const wanted = new Set(
    parts.containers
      .all()
      .flatMap(({ definition }) => [
        definition.hostConfig.NetworkMode,
        ...Object.keys(definition.networks),
      ]),
  );
  const doomed = parts.networks
    .list()
    .filter(
      (network) =>
        !PREDEFINED.has(network.name) &&
        !wanted.has(network.name) &&
        !wanted.has(network.id) &&
        matchesLabels(network.labels, filters.get('label')) &&
        lacksLabels(network.labels, filters.get('label!')) &&
        (until === undefined || network.createdMs < until),
    );
  for (const network of doomed) await removeNetwork(parts, network.id);
  return { NetworksDeleted: doomed.map((network) => network.name) };
}

function networkFilter(parts: Parts, filters: Filters): (network: Network) => boolean {
  checkFilters(filters, ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type']);
  const isIdle = (network: Network): boolean =>
    !PREDEFINED.has(network.name) && parts.networks.endpoints(network.id).length === 0;
  return (network) =>
    anyOf(filters.get('id'), (value) => network.id.startsWith(value)) &&
    anyOf(filters.get('name'), (value) => network.name.includes(value)) &&
    anyOf(filters.get('driver'), (value) => network.driver === value) &&
    anyOf(filters.get('scope'), (value) => value === 'local') &&
    anyOf(filters.get('type'), (value) => (value === 'builtin') === PREDEFINED.has(network.name)) &&
    anyOf(
      filters.get('dangling'),
      (value) => (value === 'true' || value === '1') === isIdle(network),
    ) &&
    matchesLabels(network.labels, filters.get('label'));
}

function toResource(network: Network): NetworkResource {
  const pools: IpamPool[] = [network.ipv4, network.ipv6].flatMap((pool) =>
    pool === undefined
      ? []
      : [
          {
            Subnet: pool.subnet,
            Gateway: pool.gateway,
            ...(pool.range === undefined ? {} : { IPRange: pool.range }),
            ...(pool.taken === undefined ? {} : { AuxiliaryAddresses: pool.taken }),
          },
        ],
  );
  return {
    Name: network.name,
    Id: network.id,
    Created: formatTime(BigInt(network.createdMs) * 1_000_000n),
    Scope: 'local',
    Driver: network.driver,
    EnableIPv4: network.ipv4 !== undefined,
    EnableIPv6: network.ipv6 !== undefined,
    IPAM: { Driver: 'default', Options: null, Config: pools },
    Internal: network.internal,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: {},
    Options: network.options,
    Labels: network.labels,
  };
}

function withPrefix(address: string, prefix: number): string {
  return address === '' ? '' : `${address}/${prefix}`;
}

function emitNetwork(parts: Parts, action: string, network: Network): void {
  parts.events.emit('network', action, network.id, { name: network.name, type: network.driver });
}
