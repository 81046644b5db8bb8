/** A container's places in networks: reserved before a launch, freed after its end. */

import { assert } from '../../base/errors.ts';
import type { ConnectRequest, Endpoint } from '../../network/index.ts';
import type { EndpointSettings } from '../../spec/docker.ts';
import type { Definition } from '../containers/record.ts';
import { parsePortKey, toPortRequests } from '../networks/ports.ts';
import type { Parts } from '../parts.ts';
import { writeHosts } from './etc-files.ts';
import { peersOf } from './peers.ts';

/** Reserves addresses and ports in every network of the container; all or none. */
export async function connectAll(parts: Parts, definition: Definition): Promise<Endpoint[]> {
  const requests = connectRequests(parts, definition);
  // First the bridges: an unused default network may move to another subnet before anybody has an address in it.
  for (const { network } of requests) await parts.networkSetup.ensure(network);
  return parts.database.transaction(() =>
    requests.map((request) => parts.networks.connect(request)),
  );
}

/** Frees them, and takes the container's names out of its peers' hosts files. */
export function disconnectAll(parts: Parts, containerId: string): void {
  const endpoints = parts.networks.endpointsOf(containerId);
  const peers = peersOf(parts, endpoints);
  parts.networks.disconnect(containerId);
  refreshPeers(parts, peers);
  announceEndpoints(parts, 'disconnect', endpoints);
}

/** After a start: the peers learn the new names. */
export function announceConnected(parts: Parts, endpoints: readonly Endpoint[]): void {
  refreshPeers(parts, peersOf(parts, endpoints));
  announceEndpoints(parts, 'connect', endpoints);
}

function refreshPeers(parts: Parts, ids: readonly string[]): void {
  for (const id of ids) {
    const peer = parts.containers.find(id);
    if (peer?.isLive) writeHosts(parts, peer, parts.networks.endpointsOf(id));
  }
}

function announceEndpoints(
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

/** Empty when the container shares the network namespace of another one. */
function connectRequests(parts: Parts, definition: Definition): ConnectRequest[] {
  const { hostConfig, config, id } = definition;
  const mode = hostConfig.NetworkMode;
  if (mode.startsWith('container:')) return [];
  const ports = toPortRequests(hostConfig.PortBindings);
  const exposed = Object.keys(config.ExposedPorts).map(parsePortKey);
  const first = parts.networks.inspect(mode);
  const requests: ConnectRequest[] = [
    {
      containerId: id,
      name: definition.name,
      network: first.id,
      hostname: config.Hostname,
      ports,
      exposed,
      publishAll: hostConfig.PublishAllPorts,
      ...wishes(definition, settingsFor(definition, first)),
    },
  ];
  if (first.driver !== 'bridge') return requests;
  for (const [name, settings] of Object.entries(definition.networks)) {
    const network = parts.networks.inspect(name === 'default' ? 'bridge' : name);
    if (network.id === first.id) continue;
    requests.push({
      containerId: id,
      name: definition.name,
      network: network.id,
      hostname: config.Hostname,
      ...wishes(definition, settings),
    });
  }
  return requests;
}

function settingsFor(
  definition: Definition,
  network: { id: string; name: string },
): EndpointSettings | undefined {
  const asked = new Map(Object.entries(definition.networks));
  return asked.get(network.name) ?? asked.get(network.id) ?? asked.get('default');
}

function wishes(
  definition: Definition,
  settings: EndpointSettings | undefined,
): Pick<ConnectRequest, 'aliases' | 'fixedAddress' | 'fixedAddress6' | 'mac'> {
  const address = settings?.IPAMConfig?.IPv4Address ?? '';
  const address6 = settings?.IPAMConfig?.IPv6Address ?? '';
  const mac = settings?.MacAddress || definition.config.MacAddress || '';
  return {
    aliases: [...(settings?.Aliases ?? []), definition.name],
    ...(address === '' ? {} : { fixedAddress: address }),
    ...(address6 === '' ? {} : { fixedAddress6: address6 }),
    ...(mac === '' ? {} : { mac }),
  };
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
