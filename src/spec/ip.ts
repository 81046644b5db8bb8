/** IP addresses and subnets: strict parsers (RFC 4291, RFC 4632), canonical texts (RFC 5952), arithmetic on numbers. */

import { parseDecimal } from '../base/decimal.ts';

export type IpFamily = 4 | 6;

export interface IpAddress {
  readonly family: IpFamily;
  readonly value: bigint;
}

/** `value` is the network's first address: no bit is set behind the prefix. */
export interface IpSubnet extends IpAddress {
  readonly prefix: number;
}

const BITS: Record<IpFamily, number> = { 4: 32, 6: 128 };
const V6_GROUPS = 8;
const MAX_TEXT = 64;

/** Undefined for anything but four decimals without leading zeros, or IPv6 without a zone. */
export function parseIp(text: string): IpAddress | undefined {
  if (text.length > MAX_TEXT) return undefined;
  if (text.includes(':')) {
    const value = parseV6(text);
    return value === undefined ? undefined : { family: 6, value };
  }
  const value = parseV4(text);
  return value === undefined ? undefined : { family: 4, value };
}

/** `address/prefix`; the address may have bits behind the prefix, which `subnet` loses and `address` keeps. */
export function parseCidr(text: string): { subnet: IpSubnet; address: IpAddress } | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseIp(text.slice(0, slash));
  const prefix = parseDecimal(text.slice(slash + 1), 3);
  if (address === undefined || prefix === undefined || prefix > BITS[address.family]) {
    return undefined;
  }
  const { family } = address;
  const value = address.value & ~hostMask({ family, prefix });
  return { subnet: { family, value, prefix }, address };
}

export function formatIp({ family, value }: IpAddress): string {
  return family === 4 ? [...ipBytes({ family, value })].join('.') : formatV6(value);
}

export function formatSubnet(subnet: IpSubnet): string {
  return `${formatIp(subnet)}/${subnet.prefix}`;
}

/** 4 or 16 bytes, network order. */
export function ipBytes({ family, value }: IpAddress): Uint8Array {
  const bytes = new Uint8Array(BITS[family] / 8);
  let rest = value;
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

export function lastAddress(subnet: IpSubnet): bigint {
  return subnet.value | hostMask(subnet);
}

export function contains(subnet: IpSubnet, address: IpAddress): boolean {
  if (address.family !== subnet.family) return false;
  return address.value >= subnet.value && address.value <= lastAddress(subnet);
}

export function overlaps(one: IpSubnet, other: IpSubnet): boolean {
  return contains(one, other) || contains(other, one);
}

function hostMask({ family, prefix }: { family: IpFamily; prefix: number }): bigint {
  return (1n << BigInt(BITS[family] - prefix)) - 1n;
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    const byte = parseDecimal(part, 3);
    if (byte === undefined || byte > 0xff) return undefined;
    value = (value << 8n) | BigInt(byte);
  }
  return value;
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = V6_GROUPS - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/** Groups of up to four hex digits; with `last` the last may be an IPv4 address, which makes two groups. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [at, part] of parts.entries()) {
    if (last && at === parts.length - 1 && part.includes('.')) {
      const v4 = parseV4(part);
      if (v4 === undefined) return undefined;
      groups.push(Number(v4 >> 16n), Number(v4 & 0xffffn));
      continue;
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
    groups.push(Number.parseInt(part, 16));
  }
  return groups;
}

function formatV6(value: bigint): string {
  const groups = Array.from({ length: V6_GROUPS }, (_, at) =>
    Number((value >> BigInt(16 * (V6_GROUPS - 1 - at))) & 0xffffn),
  );
  const { start, length } = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [at, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: at - length + 1, length };
  }
  return best;
}
