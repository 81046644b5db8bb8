/**
 * The engine's own nftables table: what it holds, and which elements a network and a published port are in it.
 *
 *   raw          drops what comes from elsewhere for a container's address or, from a container, for 127.0.0.0/8
 *   prerouting   published ports: DNAT by a map
 *   output       the same for the host's own connections
 *   forward      into a container's network only: replies, published ports, neighbours on the same bridge
 *   postrouting  masquerade: out of the network; the host's loopback; neighbours that come through a published port
 *
 * All rules are fixed; networks and ports are elements of sets, so that a start adds one element and touches nothing else.
 * No other table is read or changed. A `forward` chain of somebody else with policy drop still drops: an accept here
 * ends this table's chain only (nft(8), "verdict statement").
 */

import {
  type Expression,
  interfaceName,
  type Rule,
  type SetElement,
  subnetElements,
  type Table,
  type TableName,
} from '../nftables/index.ts';
import { type IpFamily, ipBytes, parseCidr, parseIp } from '../spec/ip.ts';
import type { Network, PortBinding, Protocol } from './types.ts';

const FAMILY: Record<IpFamily, number> = { 4: 2, 6: 10 };
const RTN_LOCAL = 2;
const CONNTRACK_ESTABLISHED_RELATED = 0x6;
const CONNTRACK_STATUS_DNAT = 0x20;
const PROTOCOL: Record<Protocol, number> = { tcp: 6, udp: 17, sctp: 132 };
const TRANSPORT_PORT = { base: 'transport', offset: 2, length: 2 } as const;
const SOURCE = { 4: { offset: 12, length: 4 }, 6: { offset: 8, length: 16 } } as const;
const DESTINATION = { 4: { offset: 16, length: 4 }, 6: { offset: 24, length: 16 } } as const;

/** An element of one set of the table. */
export interface FirewallElement {
  set: string;
  elements: SetElement[];
  /** In the table of bridges (`guard.ts`). */
  guard?: true;
}

export function firewallTable(name: string): Table & TableName {
  return {
    family: 'inet',
    name,
    sets: [
      { name: 'bridges', key: ['interface'] },
      { name: 'internal', key: ['interface'] },
      { name: 'same_bridge', key: ['interface', 'interface'] },
      ...families(familySets),
    ],
    chains: [
      {
        name: 'raw',
        hook: { type: 'filter', hook: 'prerouting', priority: -300 },
        rules: [
          // route_localnet on the bridge would otherwise give containers the host's loopback services.
          [...from('bridges'), ...family(4), ...loopback(DESTINATION[4].offset), drop],
          [...from('bridges'), ...family(4), ...loopback(SOURCE[4].offset), drop],
          ...families(offLink),
        ],
      },
      {
        name: 'prerouting',
        hook: { type: 'nat', hook: 'prerouting', priority: -100 },
        rules: [
          // A neighbour of the host may send 127.0.0.1 on the wire; translated here it would reach loopback-only ports.
          [...family(4), ...loopback(DESTINATION[4].offset), returns],
          ...families(publish),
        ],
      },
      {
        name: 'output',
        hook: { type: 'nat', hook: 'output', priority: -100 },
        // Refused at once by the socket that holds the port, so that who calls `localhost` goes on with 127.0.0.1.
        rules: [[...family(6), ...loopback6, returns], ...families(publish)],
      },
      {
        name: 'into_network',
        rules: [
          [...bits('state', CONNTRACK_ESTABLISHED_RELATED), accept],
          [...sameBridge, accept],
          [...to('internal'), drop],
          [...bits('status', CONNTRACK_STATUS_DNAT), accept],
          [{ kind: 'counter' }, drop],
        ],
      },
      {
        name: 'forward',
        hook: { type: 'filter', hook: 'forward', priority: 0 },
        rules: [
          [...from('internal'), ...sameBridge, accept],
          [...from('internal'), drop],
          [...to('bridges'), { kind: 'jump', chain: 'into_network' }],
        ],
      },
      {
        name: 'postrouting',
        hook: { type: 'nat', hook: 'postrouting', priority: 100 },
        rules: [
          [...to('bridges'), ...family(4), ...loopback(SOURCE[4].offset), masquerade],
          ...families(masquerades),
        ],
      },
    ],
  };
}

/** What a network is in the table. */
export function networkElements(network: Network): FirewallElement[] {
  if (network.driver !== 'bridge') return [];
  const elements = guardElements(network);
  for (const pool of [network.ipv4, network.ipv6]) {
    const subnet = pool && parseCidr(pool.subnet)?.subnet;
    if (subnet === undefined) continue;
    const range = subnetElements(ipBytes(subnet), subnet.prefix);
    elements.push({ set: `subnets${subnet.family}`, elements: range });
    if (network.masquerade || network.internal) {
      elements.push({ set: `hidden${subnet.family}`, elements: range });
    }
    if (network.masquerade && !network.internal) {
      elements.push({ set: `masquerade${subnet.family}`, elements: range });
    }
  }
  return elements;
}

/** By which the rules know the network's bridge. */
export function guardElements(network: Network): FirewallElement[] {
  const bridge = interfaceName(network.bridge);
  const elements: FirewallElement[] = [{ set: 'bridges', elements: [{ key: [bridge] }] }];
  // What the bridge does not pass from port to port must not go round by the host's routing either.
  if (network.isolated !== true) {
    elements.push({ set: 'same_bridge', elements: [{ key: [bridge, bridge] }] });
  }
  if (network.internal) elements.push({ set: 'internal', elements: [{ key: [bridge] }] });
  return elements;
}

/** What published ports are in the table; `address` is the container's. Addresses of both families must be alike. */
export function portElements(address: string, bindings: readonly PortBinding[]): FirewallElement[] {
  const bySet = new Map<string, SetElement[]>();
  const target = parseIp(address);
  if (target === undefined) return [];
  for (const binding of bindings) {
    const host = parseIp(binding.hostAddress);
    if (host === undefined || host.family !== target.family) continue;
    const protocol = Uint8Array.of(PROTOCOL[binding.protocol]);
    const any = host.value === 0n;
    const set = `${any ? 'any_address' : 'one_address'}${target.family}`;
    const element: SetElement = {
      key: [protocol, ...(any ? [] : [ipBytes(host)]), portBytes(binding.hostPort)],
      value: [ipBytes(target), portBytes(binding.containerPort)],
    };
    bySet.set(set, [...(bySet.get(set) ?? []), element]);
  }
  return [...bySet].map(([set, elements]) => ({ set, elements }));
}

const accept: Expression = { kind: 'verdict', verdict: 'accept' };
const drop: Expression = { kind: 'verdict', verdict: 'drop' };
const returns: Expression = { kind: 'verdict', verdict: 'return' };
const masquerade: Expression = { kind: 'masquerade' };

const sameBridge: Rule = [
  { kind: 'meta', key: 'input-name', register: 0 },
  { kind: 'meta', key: 'output-name', register: 4 },
  { kind: 'lookup', set: 'same_bridge', register: 0 },
];

function families<T>(rows: (family: IpFamily) => T[]): T[] {
  return [...rows(4), ...rows(6)];
}

function familySets(version: IpFamily): Table['sets'][number][] {
  const address = version === 4 ? 'address4' : 'address6';
  const value = [address, 'service'] as const;
  return [
    { name: `subnets${version}`, key: [address], interval: true },
    { name: `hidden${version}`, key: [address], interval: true },
    { name: `masquerade${version}`, key: [address], interval: true },
    { name: `one_address${version}`, key: ['protocol', address, 'service'], value },
    { name: `any_address${version}`, key: ['protocol', 'service'], value },
  ];
}

/**
 * Only the host itself and the network's own members may use a container's address. Not so in a network that goes out
 * without masquerade: answers come to its addresses, and the forward chain lets nothing else in.
 */
function offLink(version: IpFamily): Rule[] {
  return [
    [
      ...from('bridges', true),
      ...family(version),
      ...address(DESTINATION[version], `hidden${version}`),
      { kind: 'fib', key: 'destination-type', register: 0 },
      { kind: 'compare', register: 0, not: true, value: hostOrder(RTN_LOCAL) },
      drop,
    ],
  ];
}

/** By the host's address and port, else by the port at any of the host's addresses. */
function publish(version: IpFamily): Rule[] {
  const portAt = version === 4 ? 2 : 5;
  const dnat = (port: number): Expression => ({
    kind: 'dnat',
    family: version === 4 ? 'ip' : 'ip6',
    address: 0,
    port,
  });
  const valuePort = version === 4 ? 1 : 4;
  return [
    [
      ...family(version),
      { kind: 'meta', key: 'protocol', register: 0 },
      { kind: 'payload', base: 'network', ...DESTINATION[version], register: 1 },
      { kind: 'payload', ...TRANSPORT_PORT, register: portAt },
      { kind: 'lookup', set: `one_address${version}`, register: 0, into: 0 },
      dnat(valuePort),
    ],
    [
      ...family(version),
      { kind: 'fib', key: 'destination-type', register: 0 },
      { kind: 'compare', register: 0, value: hostOrder(RTN_LOCAL) },
      { kind: 'meta', key: 'protocol', register: 0 },
      { kind: 'payload', ...TRANSPORT_PORT, register: 1 },
      { kind: 'lookup', set: `any_address${version}`, register: 0, into: 0 },
      dnat(valuePort),
    ],
  ];
}

function masquerades(version: IpFamily): Rule[] {
  const out: Rule = [...family(version), ...address(SOURCE[version], `masquerade${version}`)];
  const member: Rule = [...family(version), ...address(SOURCE[version], `subnets${version}`)];
  return [
    [...out, ...to('bridges', true), masquerade],
    // Without it a neighbour's answer would take the short way and come from an address that the caller never called.
    [...member, ...to('bridges'), ...bits('status', CONNTRACK_STATUS_DNAT), masquerade],
  ];
}

function family(version: IpFamily): Rule {
  return [
    { kind: 'meta', key: 'family', register: 0 },
    { kind: 'compare', register: 0, value: Uint8Array.of(FAMILY[version]) },
  ];
}

/** 127.0.0.0/8: one byte says it. */
function loopback(offset: number): Rule {
  return [
    { kind: 'payload', base: 'network', offset, length: 1, register: 0 },
    { kind: 'compare', register: 0, value: Uint8Array.of(127) },
  ];
}

/** To ::1, for which the kernel takes nothing by a wire: an answer of a container would not arrive. */
const loopback6: Rule = [
  { kind: 'payload', base: 'network', ...DESTINATION[6], register: 0 },
  { kind: 'compare', register: 0, value: ipBytes({ family: 6, value: 1n }) },
];

function address(place: { offset: number; length: number }, set: string): Rule {
  return [
    { kind: 'payload', base: 'network', ...place, register: 0 },
    { kind: 'lookup', set, register: 0 },
  ];
}

function from(set: string, not = false): Rule {
  return [
    { kind: 'meta', key: 'input-name', register: 0 },
    { kind: 'lookup', set, register: 0, not },
  ];
}

function to(set: string, not = false): Rule {
  return [
    { kind: 'meta', key: 'output-name', register: 0 },
    { kind: 'lookup', set, register: 0, not },
  ];
}

function bits(key: 'state' | 'status', mask: number): Rule {
  return [
    { kind: 'conntrack', key, register: 0 },
    { kind: 'bits', register: 0, mask: hostOrder(mask) },
    { kind: 'compare', register: 0, not: true, value: hostOrder(0) },
  ];
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port & 0xff);
}

/** u32 as the kernel of a little endian machine holds it. */
function hostOrder(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24);
}
