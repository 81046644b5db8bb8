/** Which subnet a new network gets, and whether an asked-for one can be had. */

import { TiffinError } from '../base/errors.ts';
import type { HostRoute } from '../host/network-facts.ts';
import {
  contains,
  formatIp,
  formatSubnet,
  type IpSubnet,
  overlaps,
  parseCidr,
  parseIp,
} from '../spec/ip.ts';
import type { AddressPool } from './types.ts';

const V4_BITS = 32n;
const LARGE_POOLS = 15;
const SMALL_POOLS = 16;
/** 40 bits. */
const LOCAL_DIGITS = 10;
/** A wider IPv6 route is a way to somewhere, as the default route is, and no network in use. */
const LEAST_PREFIX = 16;

/** 172.17.0.0/16 to 172.31.0.0/16, then 192.168.0.0/20 to 192.168.240.0/20: Docker's, and known to its users. */
const CHOICES: readonly IpSubnet[] = [
  ...Array.from({ length: LARGE_POOLS }, (_, at) => subnet4([172, 17 + at, 0, 0], 16)),
  ...Array.from({ length: SMALL_POOLS }, (_, at) => subnet4([192, 168, at * 16, 0], 20)),
];
/** When those are used up: 10.128.0.0/9 in pieces of 254 addresses. */
const PIECES = 1 << 15;

/**
 * The first choice that overlaps nothing in `taken`. `start` turns the list, so that engines that start at the
 * same moment on one host look at different choices first.
 */
export function chooseSubnet(taken: readonly IpSubnet[], start: number): AddressPool {
  const isFree = (choice: IpSubnet) => !taken.some((other) => overlaps(choice, other));
  for (let at = 0; at < CHOICES.length; at += 1) {
    const choice = CHOICES[(start + at) % CHOICES.length];
    if (choice !== undefined && isFree(choice)) return poolOf(choice);
  }
  for (let at = 0; at < PIECES; at += 1) {
    const number = (start + at) % PIECES;
    const choice = subnet4([10, 128 + (number >> 8), number & 0xff, 0], 24);
    if (isFree(choice)) return poolOf(choice);
  }
  throw new TiffinError(
    'exhausted',
    'no-free-subnet',
    'all predefined address pools have been fully subnetted',
    {
      hint: 'remove unused networks or give the new one a subnet',
    },
  );
}

/**
 * A subnet of fd00::/8 with 40 random bits (RFC 4193), which the network's id has; where somebody uses that one already,
 * the next bits of the id.
 */
export function chooseLocal(id: string, taken: readonly IpSubnet[]): AddressPool {
  const used = taken.filter(({ prefix }) => prefix >= LEAST_PREFIX);
  for (let at = 0; at + LOCAL_DIGITS <= id.length; at += 1) {
    const digits = id.slice(at, at + LOCAL_DIGITS);
    const choice: IpSubnet = { family: 6, value: BigInt(`0xfd${digits}`) << 80n, prefix: 64 };
    if (!used.some((other) => overlaps(choice, other))) return poolOf(choice);
  }
  throw new TiffinError('exhausted', 'no-free-subnet', 'every IPv6 subnet tried is in use', {
    hint: 'give the network an IPv6 subnet of its own',
  });
}

/** Checks what a caller asks for. Throws `invalid`, or `conflict` when it overlaps with a network of this engine. */
export function requestedPool(
  request: {
    subnet?: string;
    gateway?: string;
    range?: string;
    taken?: Readonly<Record<string, string>>;
  },
  taken: readonly IpSubnet[],
): AddressPool {
  const subnet = parseCidr(request.subnet ?? '')?.subnet;
  if (subnet === undefined || subnet.prefix < 1) {
    throw invalid(`invalid subnet ${quote(request.subnet ?? '')}`);
  }
  if (subnet.prefix > (subnet.family === 4 ? 30 : 126)) {
    throw invalid(
      `invalid subnet ${formatSubnet(subnet)}: it has no room for a gateway and a container`,
    );
  }
  const other = taken.find((one) => overlaps(one, subnet));
  if (other !== undefined) {
    const message = `invalid pool request: Pool overlaps with other one on this address space: ${formatSubnet(other)}`;
    throw new TiffinError('denied', 'subnet-overlaps', message);
  }
  const range = parseRange(request.range, subnet);
  const gateway = request.gateway ? parseIp(request.gateway) : undefined;
  if (request.gateway && (gateway === undefined || !contains(subnet, gateway))) {
    throw invalid(
      `invalid gateway ${quote(request.gateway)}: not in subnet ${formatSubnet(subnet)}`,
    );
  }
  const held = heldAddresses(request.taken ?? {}, subnet);
  return {
    ...poolOf(subnet),
    range,
    ...(gateway ? { gateway: formatIp(gateway) } : {}),
    ...(Object.keys(held).length > 0 ? { taken: held } : {}),
  };
}

/** The subnet in which a bridge has this address: `10.1.0.1/16`. Throws as `requestedPool` does. */
export function addressedPool(text: string, taken: readonly IpSubnet[]): AddressPool {
  const parsed = parseCidr(text);
  if (parsed === undefined || parsed.subnet.family !== 4) {
    throw invalid(`invalid address of the bridge ${quote(text)}: write it as 10.1.0.1/16`);
  }
  const { subnet, address } = parsed;
  if (address.value === subnet.value) {
    throw invalid(`invalid address of the bridge ${quote(text)}: it is the network's own`);
  }
  return requestedPool({ subnet: formatSubnet(subnet), gateway: formatIp(address) }, taken);
}

function heldAddresses(
  asked: Readonly<Record<string, string>>,
  subnet: IpSubnet,
): Record<string, string> {
  const held: Record<string, string> = Object.create(null);
  for (const [name, text] of Object.entries(asked)) {
    const address = parseIp(text);
    if (address === undefined || !contains(subnet, address)) {
      throw invalid(`no matching subnet for aux-address ${quote(text)}`);
    }
    held[name] = formatIp(address);
  }
  return held;
}

/** The subnets that the host reaches already, but for the default route. */
export function routedSubnets(routes: readonly HostRoute[], except: string): IpSubnet[] {
  return routes
    .filter((route) => route.prefix > 0 && route.interface !== except)
    .map(({ destination, prefix }) => ({ family: 4, value: BigInt(destination), prefix }));
}

function parseRange(text: string | undefined, subnet: IpSubnet): string | undefined {
  if (!text) return undefined;
  const range = parseCidr(text)?.subnet;
  if (range === undefined || !contains(subnet, range) || range.prefix < subnet.prefix) {
    throw invalid(`invalid ip-range ${quote(text)}: not in subnet ${formatSubnet(subnet)}`);
  }
  return formatSubnet(range);
}

function poolOf(subnet: IpSubnet): AddressPool {
  const gateway = formatIp({ family: subnet.family, value: subnet.value + 1n });
  return { subnet: formatSubnet(subnet), gateway, range: undefined };
}

function subnet4(bytes: readonly number[], prefix: number): IpSubnet {
  const value = bytes.reduce((sum, byte) => (sum << (V4_BITS / 4n)) | BigInt(byte), 0n);
  return { family: 4, value, prefix };
}

function invalid(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-network', message);
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
