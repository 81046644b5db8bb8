/** Host-only plans: a network's bridge and the engine's firewall table. */

import { ByteWriter } from '../base/bytes.ts';
import { hasIpv6, interfaceIndex } from '../host/network-facts.ts';
import {
  addAddress,
  createBridge,
  deleteLink,
  encodeMessages,
  NETLINK_ROUTE,
  type NetlinkMessage,
  setLink,
} from '../netlink/index.ts';
import {
  addElements,
  deleteElements,
  deleteTable,
  encodeBatch,
  NETLINK_NETFILTER,
  replaceTable,
} from '../nftables/index.ts';
import type { Op, Step } from '../plan/ops.ts';
import { ipBytes, parseCidr, parseIp } from '../spec/ip.ts';
import { macOf, parseMac } from './addresses.ts';
import { type FirewallElement, firewallTable, networkElements, portElements } from './firewall.ts';
import { guardTable, guestElements, senderElements } from './guard.ts';
import type { Endpoint, Network, PortBinding } from './types.ts';

const ENOENT = 2;
const ENODEV = 19;
const EOPNOTSUPP = 95;
/** Explicit indexes of our links start here, far above what the kernel hands out by itself. */
const FIRST_INDEX = 0x1000_0000;
const INDEX_DIGITS = 7;

/** The bridge with its address and the settings of its device; `forward`: the host is to route. */
export function bridgeSteps(network: Network, forward: boolean): Step[] {
  const { bridge } = network;
  const existing = interfaceIndex(bridge);
  const index = existing ?? indexOf(network.id);
  const { mtu } = network;
  const messages: NetlinkMessage[] = [
    // Name and index of a bridge that is up: kernels before 6.2 take them for a renaming, and refuse it.
    createBridge({
      name: bridge,
      index: existing === undefined ? index : 0,
      mtu,
      mac: bridgeMac(network),
      up: true,
    }),
  ];
  for (const pool of [network.ipv4, network.ipv6]) {
    const gateway = pool && parseIp(pool.gateway);
    const prefix = pool && parseCidr(pool.subnet)?.subnet.prefix;
    if (gateway === undefined || prefix === undefined) continue;
    messages.push(addAddress({ index, address: ipBytes(gateway), prefix }));
  }
  const steps = [
    hostStep(
      setting(`ipv4/conf/${bridge}/route_localnet`, '1'),
      'published ports answer on 127.0.0.1 too',
    ),
  ];
  if (forward) {
    const why = 'the host routes between containers and the world';
    steps.push(hostStep(setting('ipv4/ip_forward', '1'), why));
  }
  if (hasIpv6()) {
    steps.push(
      hostStep(setting(`ipv6/conf/${bridge}/accept_ra`, '0'), 'no container may pose as a router'),
      hostStep(
        setting(`ipv6/conf/${bridge}/disable_ipv6`, network.ipv6 === undefined ? '1' : '0'),
        'the bridge speaks the address families of its network only',
      ),
    );
  }
  if (forward && network.ipv6 !== undefined) {
    steps.push(
      hostStep(setting('ipv6/conf/all/forwarding', '1'), 'the host routes IPv6'),
      // Neighbours are asked for what is forwarded from the bridge's link-local address only, which would be in doubt for a second.
      hostStep(
        setting(`ipv6/conf/${bridge}/accept_dad`, '0'),
        'the bridge may use its own addresses at once',
      ),
    );
  }
  const addresses = [network.ipv4?.gateway, network.ipv6?.gateway].filter(Boolean).join(' and ');
  return [
    hostStep(netlink(messages), `bridge ${bridge} with ${addresses} for network ${network.name}`),
    ...steps,
  ];
}

/** Puts running containers back into a bridge that somebody removed meanwhile; those that are in it stay so. */
export function rejoinSteps(network: Network, endpoints: readonly Endpoint[]): Step[] {
  if (endpoints.length === 0) return [];
  const master = bridgeIndex(network);
  const messages = endpoints.flatMap(({ hostInterface: name, ports }) => [
    setLink({ name, master }),
    // A port that comes into a bridge has none of the settings that it had in the one before.
    setLink({ name, ...portSettings(network, ports) }),
  ]);
  const why = `${endpoints.length} running containers stay in network ${network.name}`;
  return [hostStep(netlink(messages, [ENODEV]), why)];
}

/** What the bridge does with a container's port. */
export function portSettings(
  network: Network,
  ports: readonly PortBinding[],
): { hairpin?: boolean; isolated?: boolean; up: boolean } {
  return {
    up: true,
    // A published port may lead back to the caller itself: out through the port it came in by.
    ...(ports.length > 0 ? { hairpin: true } : {}),
    ...(network.isolated === true ? { isolated: true } : {}),
  };
}

/** The whole table at once: rules, networks and, of those given, published ports. Other ports in it stay. */
export function firewallSteps(
  tableName: string,
  networks: readonly Network[],
  endpoints: readonly Endpoint[],
): Step[] {
  const table = firewallTable(tableName);
  const elements = [...networks.flatMap(networkElements), ...endpoints.flatMap(endpointElements)];
  const messages = [
    ...replaceTable(table, [
      'bridges',
      'internal',
      'same_bridge',
      'subnets4',
      'subnets6',
      'hidden4',
      'hidden6',
      'masquerade4',
      'masquerade6',
    ]),
    ...elements.map(({ set, elements: added }) => addElements(table, set, added)),
  ];
  return [
    hostStep(
      netfilter(encodeBatch(messages)),
      `nftables table inet ${tableName}: address translation, and nobody from outside reaches a container unasked`,
    ),
  ];
}

/** Takes the network out of the table and removes its bridge; what is gone already is success. */
export function removeNetworkSteps(tableName: string, network: Network): Step[] {
  if (network.driver !== 'bridge') return [];
  return [
    ...networkElements(network).map((element) =>
      hostStep(
        elementsOp(tableName, [element], 'delete'),
        `network ${network.name} leaves set ${element.set}`,
      ),
    ),
    hostStep(netlink([deleteLink(network.bridge)], [ENODEV]), `bridge ${network.bridge} goes`),
  ];
}

/** The guard of the bridges, with the containers that run; what is in it stays. */
export function guardSteps(tableName: string, endpoints: readonly Endpoint[]): Step[] {
  const table = guardTable(tableName);
  const elements = endpoints.flatMap((endpoint) => [
    ...senderElements(endpoint),
    ...endpoints
      .filter(({ id, containerId }) => id !== endpoint.id && containerId === endpoint.containerId)
      .flatMap((other) => guestElements(endpoint, other)),
  ]);
  const messages = [
    ...replaceTable(table, []),
    ...elements.map(({ set, elements: added }) => addElements(table, set, added)),
  ];
  const why = `nftables table bridge ${tableName}: no container sends under the address of another`;
  return [hostStep(netfilter(encodeBatch(messages)), why)];
}

export function removeTableSteps(tableName: string): Step[] {
  return (['inet', 'bridge'] as const).map((family) =>
    hostStep(
      netfilter(encodeBatch([deleteTable({ family, name: tableName })]), [ENOENT, EOPNOTSUPP]),
      `nftables table ${family} ${tableName} goes`,
    ),
  );
}

export function endpointElements(endpoint: Endpoint): FirewallElement[] {
  return [
    ...portElements(endpoint.address, endpoint.ports),
    ...portElements(endpoint.address6, endpoint.ports),
  ];
}

export function elementsOp(
  tableName: string,
  elements: readonly FirewallElement[],
  action: 'add' | 'delete',
): Op {
  const make = action === 'add' ? addElements : deleteElements;
  const messages = elements.map(({ set, elements: list, guard }) =>
    make({ family: guard === true ? 'bridge' : 'inet', name: tableName }, set, list),
  );
  return netfilter(encodeBatch(messages), action === 'delete' ? [ENOENT] : []);
}

function netfilter(message: Uint8Array, ignore: readonly number[] = []): Op {
  return { op: 'netlink', protocol: NETLINK_NETFILTER, message, pidOffsets: [], ignore };
}

export function netlink(messages: readonly NetlinkMessage[], ignore: readonly number[] = []): Op {
  const { bytes, pidOffsets } = encodeMessages(messages);
  return { op: 'netlink', protocol: NETLINK_ROUTE, message: bytes, pidOffsets, ignore };
}

/** The index the bridge has, or else the one it will get: a plan needs it before the bridge is there. */
export function bridgeIndex(network: Network): number {
  return interfaceIndex(network.bridge) ?? indexOf(network.id);
}

/** An interface index of our own choice from a random id; the kernel says EBUSY should it be taken. */
export function indexOf(id: string): number {
  return FIRST_INDEX + Number.parseInt(id.slice(0, INDEX_DIGITS), 16);
}

/** Without one of its own a bridge changes its address as ports come and go. */
function bridgeMac(network: Network): Uint8Array {
  return parseMac(macOf(network.ipv4?.gateway ?? '')) ?? new Uint8Array(6);
}

function setting(key: string, value: string): Op {
  const data = new ByteWriter().text(value).finish();
  return { op: 'write', path: `/proc/sys/net/${key}`, data, ignore: [] };
}

function hostStep(op: Op, why: string): Step {
  return { stage: 'host', op, why };
}
