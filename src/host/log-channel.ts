/**
 * Ways to a machine's log service. Datagrams to a unix socket go through the shim, because the JavaScript runtime has none; nobody is asked
 * for a name or a port ahead of the first use.
 */

import type { Socket } from 'node:net';
import { limits } from '../base/limits.ts';

export type LogAddress =
  | { kind: 'unixgram'; path: string }
  | { kind: 'unix'; path: string }
  | { kind: 'udp'; host: string; port: number }
  | { kind: 'tcp'; host: string; port: number };

export interface LogChannel {
  /** Resolves when more may be sent. Rejects when the service does not take it. */
  send(message: Uint8Array): Promise<void>;
  close(): void;
}

/** @throws Error with the reason when nobody is there. For datagrams to a port nobody can tell. */
export function openLogChannel(address: LogAddress, shim: string): Promise<LogChannel> {
  switch (address.kind) {
    case 'unixgram':
      return openDatagrams(shim, address.path);
    case 'udp':
      return openUdp(address.host, address.port);
    default:
      return openStream(address);
  }
}

async function openDatagrams(shim: string, path: string): Promise<LogChannel> {
  const child = Bun.spawn([shim, 'datagrams', path], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    env: {},
  });
  const reader = child.stdout.getReader();
  const { done } = await reader.read();
  reader.releaseLock();
  if (done) {
    const reason = await new Response(child.stderr).text();
    await child.exited;
    throw new Error(`dial unixgram ${path}: ${reason}`);
  }
  return {
    async send(message) {
      const length = new Uint8Array(4);
      new DataView(length.buffer).setUint32(0, message.length, true);
      child.stdin.write(length);
      child.stdin.write(message);
      await child.stdin.flush();
    },
    // What it has taken it still hands on, and then ends by itself; if the service is stuck, when it lets go.
    close: () => void child.stdin.end(),
  };
}

async function openUdp(host: string, port: number): Promise<LogChannel> {
  const { createSocket } = await import('node:dgram');
  const { lookup } = await import('node:dns/promises');
  const { address, family } = await lookup(host);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  // A refusal of an earlier datagram: whoever sends datagrams does not ask.
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.connect(port, address, () => resolve()));
  return {
    send: (message) => new Promise((resolve) => socket.send(message, () => resolve())),
    close: () => void socket.close(),
  };
}

async function openStream(
  address: Extract<LogAddress, { kind: 'unix' | 'tcp' }>,
): Promise<LogChannel> {
  const { connect } = await import('node:net');
  const place =
    address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
  const socket = connect(place);
  socket.setTimeout(limits.logServiceMs, () => {
    if (socket.connecting) socket.destroy(new Error('nobody answered in time'));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  // What it says is not for us, and its end is ours.
  socket.resume();
  socket.once('end', () => socket.destroy());
  return { send: (message) => write(socket, message), close: () => void socket.end() };
}

function write(socket: Socket, message: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.destroyed) return reject(new Error('the connection ended'));
    socket.write(message, (error) => (error ? reject(error) : resolve()));
  });
}
