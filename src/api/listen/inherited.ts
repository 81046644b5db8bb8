/** Listening sockets that systemd hands over (sd_listen_fds(3)). */

import { readlinkSync } from 'node:fs';
import { parseDecimal } from '../../base/decimal.ts';
import { TiffinError } from '../../base/errors.ts';
import { boundSockets, unixSocketInodes } from '../../host/network-facts.ts';
import { formatIp } from '../../spec/ip.ts';

const FIRST = 3;
const MOST = 64;

export interface InheritedSocket {
  fd: number;
  /** The address that a TCP socket is bound to; undefined: a unix socket. */
  host: string | undefined;
}

/** Those of this process: LISTEN_PID says whose they are. Throws `invalid` when there are none, or not this one. */
export function inheritedSockets(
  fd: number | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): InheritedSocket[] {
  const count = parseDecimal(environment.LISTEN_FDS ?? '', 2) ?? 0;
  if (environment.LISTEN_PID !== String(process.pid) || count === 0) {
    throw new TiffinError('invalid', 'no-sockets', 'no sockets found via socket activation', {
      hint: 'fd:// is for a service that a systemd socket unit starts',
    });
  }
  const all = Array.from({ length: Math.min(count, MOST) }, (_, at) => FIRST + at);
  if (fd !== undefined && !all.includes(fd)) {
    const message = `no socket ${fd} found via socket activation: there are ${FIRST} to ${FIRST + count - 1}`;
    throw new TiffinError('invalid', 'no-sockets', message);
  }
  return (fd === undefined ? all : [fd]).map(look);
}

function look(fd: number): InheritedSocket {
  const inode = /^socket:\[([0-9]+)\]$/.exec(target(fd))?.[1];
  if (inode !== undefined && unixSocketInodes().has(inode)) return { fd, host: undefined };
  const bound = boundSockets('tcp').find((socket) => socket.inode === inode);
  if (inode === undefined || bound === undefined) {
    const message = `descriptor ${fd} of socket activation is no unix or TCP socket`;
    throw new TiffinError('invalid', 'no-sockets', message);
  }
  return { fd, host: formatIp(ipOf(bound.address)) };
}

function target(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

function ipOf(bytes: Uint8Array): { family: 4 | 6; value: bigint } {
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return { family: bytes.length === 4 ? 4 : 6, value };
}
