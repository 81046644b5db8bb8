/** A request for a network, checked and completed. */

import { TiffinError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { formatIp, type IpSubnet, parseIp } from '../spec/ip.ts';
import type { Instance } from './instance.ts';
import { checkMacvlan } from './macvlan.ts';
import { chooseLocal, chooseSubnet, requestedPool } from './pools.ts';
import type { CreateNetwork, Network } from './types.ts';

export const DEFAULT_NETWORK = 'bridge';
export const PREDEFINED: ReadonlySet<string> = new Set(['bridge', 'host', 'none']);

const OPTION = {
  bridge: 'com.docker.network.bridge.name',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  mtu: 'com.docker.network.driver.mtu',
  bridgeMtu: 'com.docker.network.bridge.mtu',
  icc: 'com.docker.network.bridge.enable_icc',
  hostBinding: 'com.docker.network.bridge.host_binding_ipv4',
} as const;

const MAX_NAME = 255;
const MAX_INTERFACE_NAME = 15;
const MTU = { least: 68, default: 1500, most: 65535 };

/**
 * `own` are the subnets of this engine's networks: overlap with them is refused. `taken` are those and the host's
 * routes: what is chosen avoids them, what is asked for need not.
 */
export function buildNetwork(
  request: CreateNetwork,
  own: readonly IpSubnet[],
  taken: readonly IpSubnet[],
  instance: Instance,
): Network {
  const driver = request.driver || 'bridge';
  if (driver !== 'bridge' && driver !== 'macvlan') throw noDriver(driver);
  const network = blankNetwork(request.name);
  const options = request.options ?? {};
  network.labels = { ...request.labels };
  network.options = { ...options };
  network.internal = request.internal === true;
  network.driver = driver;
  if (driver === 'macvlan') {
    checkMacvlan(options);
    network.masquerade = false;
    network.mtu = parseMtu(options[OPTION.mtu]);
  } else {
    network.bridge = options[OPTION.bridge] || `br-${network.id.slice(0, 12)}`;
    checkInterfaceName(network.bridge);
    Object.assign(network, bridgeSettings(options));
  }
  for (const asked of request.pools ?? []) {
    if (!asked.subnet) continue;
    const pool = requestedPool(asked, own);
    const key = pool.subnet.includes(':') ? 'ipv6' : 'ipv4';
    if (network[key] !== undefined) {
      const message = `more than one ${key} subnet: ${pool.subnet}`;
      throw new TiffinError('unsupported', 'many-subnets', message);
    }
    network[key] = pool;
  }
  if (request.enableIpv4 === false) network.ipv4 = undefined;
  else network.ipv4 ??= chooseSubnet(taken, instance.spread);
  if (request.enableIpv6 === true) network.ipv6 ??= chooseLocal(network.id, taken);
  if (network.ipv4 === undefined && network.ipv6 === undefined) {
    throw new TiffinError('invalid', 'no-family', 'IPv4 or IPv6 must be enabled');
  }
  return network;
}

/** What the options of a driver say about a bridge; throws `invalid`. */
export function bridgeSettings(
  options: Readonly<Record<string, string>>,
): Pick<Network, 'masquerade' | 'mtu' | 'isolated' | 'hostBinding'> {
  const binding = parseBinding(options[OPTION.hostBinding]);
  return {
    masquerade: parseSwitch(options, OPTION.masquerade),
    mtu: parseMtu(options[OPTION.mtu] ?? options[OPTION.bridgeMtu]),
    ...(parseSwitch(options, OPTION.icc) ? {} : { isolated: true }),
    ...(binding === undefined ? {} : { hostBinding: binding }),
  };
}

function noDriver(driver: string): TiffinError {
  if (driver === 'ipvlan') {
    const what = 'networks of driver ipvlan are not supported';
    return new TiffinError('unsupported', 'no-such-driver', what, {
      hint: 'use the driver macvlan, or bridge with published ports',
    });
  }
  const message = `could not find plugin ${driver.slice(0, 60)} in v1 plugin registry: plugin not found`;
  return new TiffinError('not-found', 'no-such-driver', message, {
    hint: 'use the driver bridge or macvlan',
  });
}

export function blankNetwork(name: string): Network {
  return {
    id: newId(),
    name,
    driver: 'bridge',
    bridge: '',
    ipv4: undefined,
    ipv6: undefined,
    internal: false,
    mtu: MTU.default,
    masquerade: true,
    labels: {},
    options: {},
    createdMs: Date.now(),
  };
}

/** Docker's rule for names: a letter or digit, then letters, digits, `_`, `.` and `-`. */
export function checkName(name: string): void {
  if (name.length <= MAX_NAME && /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return;
  const shown = JSON.stringify(name.slice(0, 80));
  throw new TiffinError('invalid', 'bad-network-name', `invalid network name ${shown}`, {
    hint: 'only letters, digits, "_", "." and "-" are allowed, and the first is a letter or digit',
  });
}

/** What the kernel takes as a name (dev_valid_name), without characters that need quoting. */
function checkInterfaceName(name: string): void {
  if (name.length <= MAX_INTERFACE_NAME && /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return;
  const message = `invalid bridge name ${JSON.stringify(name.slice(0, 40))}: at most ${MAX_INTERFACE_NAME} characters`;
  throw new TiffinError('invalid', 'bad-bridge-name', message);
}

/** Go's words for a boolean, as clients send them. */
function parseSwitch(options: Readonly<Record<string, string>>, key: string): boolean {
  const text = options[key] ?? '';
  if (['', '1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  const message = `invalid value for ${key}: ${JSON.stringify(text.slice(0, 40))} is no boolean`;
  throw new TiffinError('invalid', 'bad-network', message);
}

function parseBinding(text: string | undefined): string | undefined {
  if (text === undefined || text === '' || text === '0.0.0.0') return undefined;
  const ip = parseIp(text);
  if (ip?.family === 4) return formatIp(ip);
  const message = `invalid ${OPTION.hostBinding}: ${JSON.stringify(text.slice(0, 60))}`;
  throw new TiffinError('invalid', 'bad-network', message);
}

function parseMtu(text: string | undefined): number {
  if (text === undefined || text === '') return MTU.default;
  const mtu = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (mtu >= MTU.least && mtu <= MTU.most) return mtu;
  const message = `invalid mtu ${JSON.stringify(text.slice(0, 20))}: ${MTU.least} to ${MTU.most}`;
  throw new TiffinError('invalid', 'bad-mtu', message);
}
