/** Ports, endpoints and networks of request bodies. */

import type {
  EndpointIpamConfig,
  EndpointSettings,
  Ipam,
  IpamPool,
  NetworkCreateRequest,
  NetworkingConfig,
  PortBinding,
  PortMap,
} from '../../spec/docker.ts';
import type { JsonObject } from '../../spec/json-object.ts';
import { NO_ENDPOINT_SETTINGS } from '../../spec/no-endpoint-settings.ts';
import {
  integer,
  nullableTexts,
  objectMap,
  objects,
  optionalFlag,
  text,
  textMap,
  texts,
} from './fields.ts';

export function parsePortMap(object: JsonObject, key: string): PortMap {
  const map: PortMap = Object.create(null);
  const source = object.object(key);
  for (const port of source?.keys() ?? []) {
    map[port] = source?.has(port) ? objects(source, port, parsePortBinding) : null;
  }
  return map;
}

export function parseNetworkingConfig(body: JsonObject): NetworkingConfig {
  const config = body.object('NetworkingConfig');
  if (config === undefined) return { EndpointsConfig: Object.create(null) };
  return { EndpointsConfig: objectMap(config, 'EndpointsConfig', parseEndpoint) };
}

export function parseNetworkCreate(body: JsonObject): NetworkCreateRequest {
  return {
    Name: text(body, 'Name'),
    Driver: text(body, 'Driver'),
    Scope: text(body, 'Scope'),
    EnableIPv4: optionalFlag(body, 'EnableIPv4') ?? true,
    EnableIPv6: body.flag('EnableIPv6'),
    IPAM: parseIpam(body.object('IPAM')),
    Internal: body.flag('Internal'),
    Attachable: body.flag('Attachable'),
    Ingress: body.flag('Ingress'),
    ConfigOnly: body.flag('ConfigOnly'),
    ConfigFrom: body.object('ConfigFrom')?.text('Network') ?? '',
    Options: textMap(body, 'Options'),
    Labels: textMap(body, 'Labels'),
  };
}

/** `HostPort` is a number in what some clients send. */
function parsePortBinding(binding: JsonObject): PortBinding {
  const port = binding.get('HostPort');
  const number =
    typeof port === 'number' ? String(integer(binding, 'HostPort', 0, 65_535)) : undefined;
  return { HostIp: text(binding, 'HostIp'), HostPort: number ?? text(binding, 'HostPort') };
}

export function parseEndpoint(item: JsonObject): EndpointSettings {
  return {
    ...NO_ENDPOINT_SETTINGS,
    IPAMConfig: parseEndpointIpam(item.object('IPAMConfig')),
    Links: nullableTexts(item, 'Links'),
    Aliases: nullableTexts(item, 'Aliases'),
    MacAddress: text(item, 'MacAddress'),
    DriverOpts: item.has('DriverOpts') ? textMap(item, 'DriverOpts') : null,
    GwPriority: integer(item, 'GwPriority'),
    NetworkID: text(item, 'NetworkID'),
  };
}

function parseEndpointIpam(item: JsonObject | undefined): EndpointIpamConfig | null {
  if (item === undefined) return null;
  const config: EndpointIpamConfig = {};
  const v4 = text(item, 'IPv4Address');
  if (v4 !== '') config.IPv4Address = v4;
  const v6 = text(item, 'IPv6Address');
  if (v6 !== '') config.IPv6Address = v6;
  const local = texts(item, 'LinkLocalIPs');
  if (local.length > 0) config.LinkLocalIPs = local;
  return config;
}

function parseIpam(item: JsonObject | undefined): Ipam {
  if (item === undefined) return { Driver: '', Options: null, Config: [] };
  return {
    Driver: text(item, 'Driver'),
    Options: item.has('Options') ? textMap(item, 'Options') : null,
    Config: objects(item, 'Config', parsePool),
  };
}

function parsePool(item: JsonObject): IpamPool {
  const pool: IpamPool = {};
  for (const field of ['Subnet', 'IPRange', 'Gateway'] as const) {
    const value = text(item, field);
    if (value !== '') pool[field] = value;
  }
  if (item.has('AuxiliaryAddresses')) {
    pool.AuxiliaryAddresses = textMap(item, 'AuxiliaryAddresses');
  }
  return pool;
}
