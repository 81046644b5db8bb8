/** Addresses of one network: the lowest free one behind the last that was given out, so that none is soon used again. */

import { TiffinError } from '../base/errors.ts';
import {
  contains,
  formatIp,
  type IpSubnet,
  ipBytes,
  lastAddress,
  parseCidr,
  parseIp,
} from '../spec/ip.ts';
import type { AddressColumn, NetworkTables } from './tables.ts';
import type { AddressPool, Network } from './types.ts';

export interface Allocation {
  address: string;
  prefix: number;
  gateway: string;
  /** From the subnet's first address; what the database keeps unique. */
  offset: number;
}

/** Larger subnets are used up to here: offsets stay exact numbers, and a search ends. */
const MAX_OFFSET = 0xffff_ffff;

/** Throws `exhausted`, or for a fixed address `invalid` and `conflict`. Inside a transaction. */
export function allocateAddress(
  tables: NetworkTables,
  network: Network,
  column: AddressColumn,
  fixed: string | undefined,
): Allocation | undefined {
  const pool = column === 'offset4' ? network.ipv4 : network.ipv6;
  if (pool === undefined) {
    if (!fixed) return undefined;
    throw invalid(`invalid address ${fixed}: network ${network.name} has no subnet of that family`);
  }
  const subnet = subnetOf(pool);
  const offset = fixed
    ? fixedOffset(tables, network, column, subnet, fixed)
    : freeOffset(tables, network, column, pool, subnet);
  return {
    address: formatIp({ family: subnet.family, value: subnet.value + BigInt(offset) }),
    prefix: subnet.prefix,
    gateway: network.internal ? '' : pool.gateway,
    offset,
  };
}

/** `02:42:` and the IPv4 address: the same address always has the same hardware address. */
export function macOf(address: string): string {
  const ip = parseIp(address);
  const bytes = ip === undefined ? new Uint8Array(4) : ipBytes(ip).slice(-4);
  return formatMac(Uint8Array.of(0x02, 0x42, ...bytes));
}

/** Six bytes from `02:42:ac:11:00:02`; undefined for another form or a group address. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/.test(text)) return undefined;
  const bytes = Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16));
  return (bytes[0] ?? 1) % 2 === 1 ? undefined : bytes;
}

export function formatMac(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

function fixedOffset(
  tables: NetworkTables,
  network: Network,
  column: AddressColumn,
  subnet: IpSubnet,
  text: string,
): number {
  const address = parseIp(text);
  if (address === undefined || !contains(subnet, address)) {
    throw invalid(
      `invalid address ${text.slice(0, 60)}: not in the subnet of network ${network.name}`,
    );
  }
  const offset = Number(address.value - subnet.value);
  const holder = tables.addressHolder(network.id, column, offset);
  const pool = column === 'offset4' ? network.ipv4 : network.ipv6;
  const aside = formatIp(address) === pool?.gateway || heldOffsets(pool, subnet).has(offset);
  if (holder !== undefined || aside) {
    const by =
      holder === undefined
        ? 'the gateway or a host of its own'
        : `container ${holder.slice(0, 12)}`;
    const message = `Address already in use: ${formatIp(address)} belongs to ${by}`;
    throw new TiffinError('conflict', 'address-in-use', message);
  }
  return offset;
}

function freeOffset(
  tables: NetworkTables,
  network: Network,
  column: AddressColumn,
  pool: AddressPool,
  subnet: IpSubnet,
): number {
  const { first, last } = usable(pool, subnet);
  const gateway = offsetOf(subnet, pool.gateway);
  const held = heldOffsets(pool, subnet);
  const start = Math.max(first, tables.nextOffset(network.id, column));
  const size = last - first + 1;
  for (let tried = 0; tried < size; tried += 1) {
    const offset = first + ((start - first + tried) % size);
    if (offset === gateway || held.has(offset)) continue;
    if (tables.addressHolder(network.id, column, offset) !== undefined) continue;
    tables.setNextOffset(network.id, column, offset + 1);
    return offset;
  }
  const message = `no available IPv${subnet.family} addresses on this network's address pools: ${network.name}`;
  throw new TiffinError('exhausted', 'no-free-address', message, {
    hint: 'remove containers, or create a network with a larger subnet',
  });
}

/** The first address names the network; the last of IPv4 is its broadcast. */
function usable(pool: AddressPool, subnet: IpSubnet): { first: number; last: number } {
  const range = (pool.range && parseCidr(pool.range)?.subnet) || subnet;
  const first = Number(range.value - subnet.value);
  const last = Number(lastAddress(range) - subnet.value);
  const end = Number(lastAddress(subnet) - subnet.value) - (subnet.family === 4 ? 1 : 0);
  return { first: Math.max(first, 1), last: Math.min(last, end, MAX_OFFSET) };
}

function heldOffsets(pool: AddressPool | undefined, subnet: IpSubnet): ReadonlySet<number> {
  return new Set(Object.values(pool?.taken ?? {}).map((address) => offsetOf(subnet, address)));
}

function subnetOf(pool: AddressPool): IpSubnet {
  const cidr = parseCidr(pool.subnet);
  if (cidr === undefined) throw new Error(`stored subnet ${pool.subnet} is none`);
  return cidr.subnet;
}

function offsetOf(subnet: IpSubnet, text: string): number {
  const address = parseIp(text);
  return address === undefined ? -1 : Number(address.value - subnet.value);
}

function invalid(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-address', message);
}
