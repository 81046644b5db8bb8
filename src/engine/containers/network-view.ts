/** A container's networks and ports as Docker shows them. */

import { type Endpoint, endpointNames, hasNames } from '../../network/index.ts';
import type {
  EndpointSettings,
  NetworkSettings,
  Port,
  PortBinding,
  PortMap,
} from '../../spec/docker.ts';
import { NO_ENDPOINT_SETTINGS } from '../../spec/no-endpoint-settings.ts';
import { parsePortKey } from '../networks/ports.ts';
import type { Parts } from '../parts.ts';
import type { Container } from './container.ts';

export function networkSettings(parts: Parts, container: Container): NetworkSettings {
  const endpoints = parts.networks.endpointsOf(container.id);
  const bridge = endpoints.find((endpoint) => endpoint.networkName === 'bridge');
  return {
    Bridge: '',
    SandboxID: container.isLive ? container.id : '',
    SandboxKey: container.isLive ? `/proc/${container.state.pid}/ns/net` : '',
    Ports: container.isLive ? portMap(container, endpoints) : {},
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.id ?? '',
    Gateway: bridge?.gateway ?? '',
    GlobalIPv6Address: bridge?.address6 ?? '',
    GlobalIPv6PrefixLen: bridge?.prefix6 ?? 0,
    IPAddress: bridge?.address ?? '',
    IPPrefixLen: bridge?.prefix ?? 0,
    IPv6Gateway: bridge?.gateway6 ?? '',
    MacAddress: bridge?.mac ?? '',
    Networks: networkMap(parts, container, endpoints),
  };
}

/** Live endpoints, and the networks asked for while nothing runs. */
export function networkMap(
  parts: Parts,
  container: Container,
  endpoints: readonly Endpoint[],
): Record<string, EndpointSettings> {
  const map: Record<string, EndpointSettings> = Object.create(null);
  for (const endpoint of endpoints) {
    map[endpoint.networkName] = endpointSettings(container, endpoint);
  }
  const { hostConfig, networks } = container.definition;
  if (endpoints.length > 0 || hostConfig.NetworkMode.startsWith('container:')) return map;
  const named = Object.keys(networks);
  const wanted = new Set(named.length > 0 ? named : [hostConfig.NetworkMode]);
  for (const name of wanted) {
    const known = parts.networks
      .list()
      .find((network) => network.name === name || network.id === name);
    const shown = known?.name ?? name;
    if (shown !== 'default') map[shown] = emptySettings(container, shown, known?.id ?? '');
  }
  return map;
}

/** The PORTS column: published ones, and exposed ones without a host port. */
export function portList(container: Container, endpoints: readonly Endpoint[]): Port[] {
  if (!container.isLive) return [];
  return Object.entries(portMap(container, endpoints)).flatMap(([key, bindings]): Port[] => {
    const { protocol, port } = parsePortKey(key);
    if (bindings === null) return [{ PrivatePort: port, Type: protocol }];
    return bindings.map((binding) => ({
      IP: binding.HostIp,
      PrivatePort: port,
      PublicPort: Number(binding.HostPort),
      Type: protocol,
    }));
  });
}

function portMap(container: Container, endpoints: readonly Endpoint[]): PortMap {
  const map: Record<string, PortBinding[] | null> = Object.create(null);
  for (const key of Object.keys(container.definition.config.ExposedPorts)) {
    const { protocol, port } = parsePortKey(key);
    map[`${port}/${protocol}`] = null;
  }
  for (const { ports } of endpoints) {
    for (const { containerPort, protocol, hostAddress, hostPort } of ports) {
      const key = `${containerPort}/${protocol}`;
      map[key] = [...(map[key] ?? []), { HostIp: hostAddress, HostPort: String(hostPort) }];
    }
  }
  return map;
}

function endpointSettings(container: Container, endpoint: Endpoint): EndpointSettings {
  return {
    ...emptySettings(container, endpoint.networkName, endpoint.networkId),
    MacAddress: endpoint.mac,
    EndpointID: endpoint.id,
    Gateway: endpoint.gateway,
    IPAddress: endpoint.address,
    IPPrefixLen: endpoint.prefix,
    IPv6Gateway: endpoint.gateway6,
    GlobalIPv6Address: endpoint.address6,
    GlobalIPv6PrefixLen: endpoint.prefix6,
    DNSNames: hasNames({ driver: endpoint.driver, name: endpoint.networkName })
      ? endpointNames(endpoint)
      : null,
  };
}

function emptySettings(container: Container, name: string, id: string): EndpointSettings {
  const { networks } = container.definition;
  const asked = Object.hasOwn(networks, name) ? networks[name] : undefined;
  return {
    ...NO_ENDPOINT_SETTINGS,
    IPAMConfig: asked?.IPAMConfig ?? null,
    Links: asked?.Links ?? null,
    Aliases: asked?.Aliases ?? null,
    DriverOpts: asked?.DriverOpts ?? null,
    GwPriority: asked?.GwPriority ?? 0,
    NetworkID: id,
  };
}
