/**
 * Whose frames a container may send: an nftables table of the bridge family, where a frame passes before the bridge
 * learns anything from it. A port stands in `bound` with the addresses of its container; whatever else comes in by it is
 * dropped: another's address, ARP and neighbour advertisements for another's address, router advertisements, redirects,
 * and what is neither IP nor ARP. docs/adr/0021.
 */

import {
  type Expression,
  interfaceName,
  type Rule,
  type SetElement,
  type Table,
  type TableName,
} from '../nftables/index.ts';
import { ipBytes, parseIp } from '../spec/ip.ts';
import { parseMac } from './addresses.ts';
import type { FirewallElement } from './firewall.ts';
import type { Endpoint } from './types.ts';

const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
const ICMPV6 = 58;
const TYPE = { routerAdvertisement: 134, neighbourAdvertisement: 136, redirect: 137 } as const;
/** Before connection tracking, the host's own rules and the bridge's table of addresses. */
const RAW = -300;

/** Places in registers: name of the interface, hardware address, address. */
const NAME = 0;
const ETHER = 4;
const ADDRESS = 6;

const FRAME_SOURCE = { base: 'link', offset: 6, length: 6 } as const;
const ARP_ETHER = { base: 'network', offset: 8, length: 6 } as const;
const ARP_ADDRESS = { base: 'network', offset: 14, length: 4 } as const;
const SOURCE4 = { base: 'network', offset: 12, length: 4 } as const;
const SOURCE6 = { base: 'network', offset: 8, length: 16 } as const;
const ADVERTISED = { base: 'transport', offset: 8, length: 16 } as const;

type Place = typeof FRAME_SOURCE | typeof ARP_ETHER | typeof ADVERTISED;

export function guardTable(name: string): Table & TableName {
  const accept: Expression = { kind: 'verdict', verdict: 'accept' };
  const drop: Expression = { kind: 'verdict', verdict: 'drop' };
  return {
    family: 'bridge',
    name,
    sets: [
      { name: 'bound', key: ['interface'] },
      { name: 'senders4', key: ['interface', 'ether', 'address4'] },
      { name: 'senders6', key: ['interface', 'ether', 'address6'] },
    ],
    chains: [
      {
        name: 'prerouting',
        hook: { type: 'filter', hook: 'prerouting', priority: RAW },
        rules: [
          [port, { kind: 'lookup', set: 'bound', register: NAME, not: true }, accept],
          [...ethertype(ETHERTYPE.ipv4), ...sender(FRAME_SOURCE, SOURCE4), accept],
          // Both the frame's sender and the one that ARP tells of.
          [
            ...ethertype(ETHERTYPE.arp),
            ...sender(FRAME_SOURCE, ARP_ADDRESS),
            ...sender(ARP_ETHER, ARP_ADDRESS),
            accept,
          ],
          [...icmp6(TYPE.routerAdvertisement), drop],
          [...icmp6(TYPE.redirect), drop],
          [...icmp6(TYPE.neighbourAdvertisement), ...sender(FRAME_SOURCE, ADVERTISED, true), drop],
          [...ethertype(ETHERTYPE.ipv6), ...sender(FRAME_SOURCE, SOURCE6), accept],
          [{ kind: 'counter' }, drop],
        ],
      },
    ],
  };
}

/** What `endpoint` may send as: itself. */
export function senderElements(endpoint: Endpoint): readonly FirewallElement[] {
  if (!isBound(endpoint)) return [];
  const addresses = [...addressesOf(endpoint), ...linkLocal(endpoint.mac)];
  return [
    inGuard('bound', [{ key: [interfaceName(endpoint.hostInterface)] }]),
    ...addressElements(endpoint, addresses),
  ];
}

/**
 * That `other`, of the same container, sends under the addresses of `endpoint`: a connection that was opened by one network
 * goes on through another when the default route moves.
 */
export function guestElements(endpoint: Endpoint, other: Endpoint): readonly FirewallElement[] {
  return isBound(other) ? addressElements(other, addressesOf(endpoint)) : [];
}

function isBound({ hostInterface, anyAddress }: Endpoint): boolean {
  return hostInterface !== '' && anyAddress !== true;
}

function addressesOf({ address, address6, linkLocal: more = [] }: Endpoint): string[] {
  return [address, address6, ...more].filter((text) => text !== '');
}

/** What the kernel gives an interface by itself (RFC 4291, appendix A), and the sender who has no address yet. */
function linkLocal(mac: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = parseMac(mac) ?? [];
  const groups = [(a ^ 2) * 256 + b, c * 256 + 0xff, 0xfe00 + d, e * 256 + f];
  return [`fe80::${groups.map((group) => group.toString(16)).join(':')}`, '::'];
}

function addressElements(endpoint: Endpoint, texts: readonly string[]): FirewallElement[] {
  const name = interfaceName(endpoint.hostInterface);
  const mac = parseMac(endpoint.mac) ?? new Uint8Array(6);
  const of = (family: 4 | 6): SetElement[] =>
    [...new Set(texts)].flatMap((text) => {
      const ip = parseIp(text);
      return ip?.family === family ? [{ key: [name, mac, ipBytes(ip)] }] : [];
    });
  return ([4, 6] as const).flatMap((family) => {
    const elements = of(family);
    return elements.length === 0 ? [] : [inGuard(`senders${family}`, elements)];
  });
}

function inGuard(set: string, elements: SetElement[]): FirewallElement {
  return { set, elements, guard: true };
}

const port: Expression = { kind: 'meta', key: 'input-name', register: NAME };

function ethertype(value: number): Rule {
  return [
    { kind: 'meta', key: 'ethertype', register: 0 },
    { kind: 'compare', register: 0, value: Uint8Array.of(value >> 8, value & 0xff) },
  ];
}

/** Whether the port has this hardware address with this address. */
function sender(
  ether: Extract<Place, { length: 6 }>,
  address: typeof SOURCE4 | typeof ARP_ADDRESS | typeof SOURCE6 | typeof ADVERTISED,
  not = false,
): Rule {
  return [
    port,
    { kind: 'payload', ...ether, register: ETHER },
    { kind: 'payload', ...address, register: ADDRESS },
    { kind: 'lookup', set: address.length === 4 ? 'senders4' : 'senders6', register: NAME, not },
  ];
}

/** Behind extension headers, too: the kernel has found the transport header. */
function icmp6(type: number): Rule {
  return [
    ...ethertype(ETHERTYPE.ipv6),
    { kind: 'meta', key: 'protocol', register: 0 },
    { kind: 'compare', register: 0, value: Uint8Array.of(ICMPV6) },
    { kind: 'payload', base: 'transport', offset: 0, length: 1, register: 0 },
    { kind: 'compare', register: 0, value: Uint8Array.of(type) },
  ];
}
