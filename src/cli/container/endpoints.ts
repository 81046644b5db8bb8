/** `--network` (short or `name=x,alias=y,ip=z`) and the flags that concern the first network. */

import type { EndpointIpamConfig, EndpointSettings } from '../../spec/docker.ts';
import { splitCommas } from '../flags/spec.ts';
import type { FlagValues } from '../flags/values.ts';
import { ValueError } from '../values/number.ts';
import { isMac } from './address.ts';
import { pairsToObject } from './env-file.ts';

interface Endpoint {
  target: string;
  aliases: string[];
  links: string[];
  driverOptions: string[];
  addresses: EndpointIpamConfig;
  mac: string;
  priority: number;
}

export interface NetworkRequest {
  mode: string;
  /** Of the default network, where they belong to the container. */
  links: string[];
  endpoints: Record<string, Partial<EndpointSettings>>;
}

/** Networks that have no endpoint settings of their own. */
const PREDEFINED = new Set(['default', 'bridge', 'host', 'none']);

export function networkRequest(flags: FlagValues): NetworkRequest {
  const endpoints = flags.list('network').map(parseNetwork);
  const first = endpoints[0] ?? emptyEndpoint('default');
  addFlags(first, flags);
  const all = endpoints.length === 0 ? [first] : endpoints;
  const custom = isCustom(first.target);
  const request: NetworkRequest = {
    mode: first.target,
    links: custom ? [] : first.links,
    endpoints: Object.create(null),
  };
  for (const endpoint of all) {
    const name = endpoint.target;
    if (name in request.endpoints) {
      throw new ValueError(`network "${name}" is specified multiple times`);
    }
    const settings = endpointSettings(endpoint, isCustom(name));
    if (all.length > 1 || isCustom(name) || Object.keys(settings).length > 0) {
      request.endpoints[name] = settings;
    }
  }
  return request;
}

function isCustom(target: string): boolean {
  return !PREDEFINED.has(target) && !target.startsWith('container:');
}

function emptyEndpoint(target: string): Endpoint {
  return { target, aliases: [], links: [], driverOptions: [], addresses: {}, mac: '', priority: 0 };
}

type Setter = (endpoint: Endpoint, value: string) => void;

const setters: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  [
    'name',
    (endpoint, value) => {
      endpoint.target = value;
    },
  ],
  [
    'alias',
    (endpoint, value) => {
      endpoint.aliases.push(value.toLowerCase());
    },
  ],
  [
    'ip',
    (endpoint, value) => {
      endpoint.addresses.IPv4Address = value;
    },
  ],
  [
    'ip6',
    (endpoint, value) => {
      endpoint.addresses.IPv6Address = value;
    },
  ],
  [
    'mac-address',
    (endpoint, value) => {
      endpoint.mac = checkMac(value);
    },
  ],
  [
    'link-local-ip',
    (endpoint, value) => {
      endpoint.addresses.LinkLocalIPs = [...(endpoint.addresses.LinkLocalIPs ?? []), value];
    },
  ],
  [
    'driver-opt',
    (endpoint, value) => {
      endpoint.driverOptions.push(value);
    },
  ],
  [
    'gw-priority',
    (endpoint, value) => {
      endpoint.priority = readPriority(value);
    },
  ],
]);

function parseNetwork(text: string): Endpoint {
  const endpoint = emptyEndpoint(text);
  if (!text.includes('=')) return endpoint;
  endpoint.target = '';
  for (const field of splitCommas(text)) {
    const equals = field.indexOf('=');
    if (equals < 0) throw new ValueError(`invalid field ${field}`);
    const key = field.slice(0, equals).trim().toLowerCase();
    const setter = setters.get(key);
    if (setter === undefined) throw new ValueError(`invalid field key ${key}`);
    setter(endpoint, field.slice(equals + 1).trim());
  }
  if (endpoint.target === '') throw new ValueError('network name/id is not specified');
  return endpoint;
}

/** A property of the first network, by flag and inside `--network`, is a contradiction. */
function addFlags(endpoint: Endpoint, flags: FlagValues): void {
  const single = (flag: string, before: string | undefined, set: (value: string) => void) => {
    const value = flags.text(flag);
    if (value === '') return;
    if (before !== undefined && before !== '') {
      throw new ValueError(
        `conflicting options: cannot specify both --${flag} and per-network ${flag}`,
      );
    }
    set(value);
  };
  single('ip', endpoint.addresses.IPv4Address, (value) => {
    endpoint.addresses.IPv4Address = value;
  });
  single('ip6', endpoint.addresses.IPv6Address, (value) => {
    endpoint.addresses.IPv6Address = value;
  });
  single('mac-address', endpoint.mac, (value) => {
    endpoint.mac = checkMac(value);
  });
  const aliases = flags.list('network-alias');
  if (aliases.length > 0 && endpoint.aliases.length > 0) {
    throw new ValueError(
      'conflicting options: cannot specify both --network-alias and per-network alias',
    );
  }
  endpoint.aliases.push(...aliases);
  endpoint.links.push(...flags.list('link'));
  const local = flags.list('link-local-ip');
  if (local.length > 0)
    endpoint.addresses.LinkLocalIPs = [...(endpoint.addresses.LinkLocalIPs ?? []), ...local];
}

function endpointSettings(endpoint: Endpoint, custom: boolean): Partial<EndpointSettings> {
  const settings: Partial<EndpointSettings> = {};
  if (endpoint.aliases.length > 0) settings.Aliases = endpoint.aliases;
  if (custom && endpoint.links.length > 0) settings.Links = endpoint.links;
  if (Object.keys(endpoint.addresses).length > 0) settings.IPAMConfig = endpoint.addresses;
  if (endpoint.mac !== '') settings.MacAddress = endpoint.mac;
  if (endpoint.driverOptions.length > 0)
    settings.DriverOpts = pairsToObject(endpoint.driverOptions);
  if (endpoint.priority !== 0) settings.GwPriority = endpoint.priority;
  return settings;
}

function checkMac(text: string): string {
  if (!isMac(text)) throw new ValueError(`${text} is not a valid mac address`);
  return text;
}

function readPriority(text: string): number {
  if (!/^-?[0-9]{1,9}$/.test(text)) throw new ValueError(`invalid gw-priority: ${text}`);
  return Number(text);
}
