/** What the kernel says about networking on this host, read from procfs and sysfs as plain data. */

import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { readKernelText } from './kernel-files.ts';

/** One line of /proc/net/route: the destination as a number, network order, and its prefix. */
export interface HostRoute {
  interface: string;
  destination: number;
  prefix: number;
}

/** A socket bound to a port, from /proc/net/{tcp,udp}{,6} (proc_net_tcp.rst). */
export interface BoundSocket {
  /** 4 or 16 bytes, network order. */
  address: Uint8Array;
  port: number;
  inode: string;
}

/** Ports that programs get without asking (ip_local_port_range), where the file is missing the kernel's default. */
const DEFAULT_PORT_RANGE: readonly [number, number] = [32768, 60999];

export function hostRoutes(): HostRoute[] {
  const lines = (readKernelText('/proc/net/route') ?? '').split('\n').slice(1);
  return lines.flatMap((line) => {
    const [name, destination, , , , , , mask] = line.split('\t');
    if (name === undefined || destination === undefined || mask === undefined) return [];
    return [
      {
        interface: name,
        destination: swapped(destination),
        prefix: countBits(swapped(mask)),
      },
    ];
  });
}

/** IPv6 routes that packets for others take: neither the loop-back's, nor those of links, nor the default. */
export function hostRoutes6(): { interface: string; value: bigint; prefix: number }[] {
  const lines = (readKernelText('/proc/net/ipv6_route') ?? '').split('\n');
  return lines.flatMap((line) => {
    const fields = line.split(/ +/);
    const [destination = '', prefixText = ''] = fields;
    const name = fields[9] ?? '';
    const prefix = Number.parseInt(prefixText, 16);
    const local = name === 'lo' || destination.startsWith('fe8') || destination.startsWith('ff');
    if (!/^[0-9a-f]{32}$/.test(destination) || !(prefix > 0) || local) return [];
    return [{ interface: name, value: BigInt(`0x${destination}`), prefix }];
  });
}

export function localPortRange(): readonly [number, number] {
  const text = readKernelText('/proc/sys/net/ipv4/ip_local_port_range') ?? '';
  const [first, last] = text.trim().split(/\s+/).map(Number);
  if (first === undefined || last === undefined || !(first > 0 && last >= first)) {
    return DEFAULT_PORT_RANGE;
  }
  return [first, last];
}

/** Undefined when there is no such interface. */
export function interfaceIndex(name: string): number | undefined {
  const text = readKernelText(`/sys/class/net/${name}/ifindex`);
  return text === undefined ? undefined : Number(text.trim());
}

export function hasIpv6(): boolean {
  return existsSync('/proc/sys/net/ipv6/conf/all/disable_ipv6');
}

/** Every socket bound to a port, whatever its state; TCP connections hold the port of their listener too. */
export function boundSockets(protocol: 'tcp' | 'udp'): BoundSocket[] {
  return [protocol, `${protocol}6`].flatMap((file) => {
    const lines = (readKernelText(`/proc/net/${file}`) ?? '').split('\n').slice(1);
    return lines.flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const [address, port] = (fields[1] ?? '').split(':');
      const inode = fields[9];
      if (address === undefined || port === undefined || inode === undefined) return [];
      return [{ address: addressBytes(address), port: Number.parseInt(port, 16), inode }];
    });
  });
}

/** Inode numbers of the unix sockets of this network namespace. */
export function unixSocketInodes(): ReadonlySet<string> {
  const lines = (readKernelText('/proc/net/unix') ?? '').split('\n').slice(1);
  return new Set(lines.map((line) => line.trim().split(/\s+/)[6] ?? ''));
}

/** The first process that has the socket open. Reads every process's descriptors: for a failure's wording only. */
export function socketHolder(inode: string): { pid: number; command: string } | undefined {
  const wanted = `socket:[${inode}]`;
  for (const entry of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(entry)) continue;
    if (!descriptors(entry).includes(wanted)) continue;
    const command = (readKernelText(`/proc/${entry}/comm`) ?? '').trim();
    return { pid: Number(entry), command };
  }
  return undefined;
}

/** The text of a resolver configuration, or undefined when there is none. */
export function resolverText(path: string): string | undefined {
  return readKernelText(path);
}

/** Eight hex digits as the kernel prints a network-order u32 on a little endian machine. */
function swapped(hex: string): number {
  return addressBytes(hex).reduce((value, byte) => value * 256 + byte, 0);
}

function countBits(mask: number): number {
  return mask.toString(2).replaceAll('0', '').length;
}

function addressBytes(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let word = 0; word < hex.length; word += 8) {
    for (let at = 0; at < 8; at += 2) {
      const byte = Number.parseInt(hex.slice(word + at, word + at + 2), 16);
      bytes[word / 2 + 3 - at / 2] = byte;
    }
  }
  return bytes;
}

/** What the process's descriptors lead to; nothing for one that has ended or is not ours to see. */
function descriptors(pid: string): string[] {
  try {
    const directory = `/proc/${pid}/fd`;
    return readdirSync(directory).map((name) => target(`${directory}/${name}`));
  } catch {
    return [];
  }
}

function target(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
