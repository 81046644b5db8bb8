/**
 * A process that listens and calls on command, one per line of its standard input; prints `ready`, then one line for each:
 *
 *   listen tcp|udp ADDRESS PORT    → `listening`; answers every caller with the caller's address
 *   call tcp|udp ADDRESS PORT      → what came back, or the error's code, or `silence` after the time limit
 *   keep udp PORT ADDRESS PORT     → as call, always from the same port
 *   run COMMAND…                   → its output on one line
 */

import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** Long enough for a loaded machine to answer, and the price of every test that expects a drop. */
const LIMIT_MS = 700;

const COMMANDS: Record<string, (...words: string[]) => Promise<string>> = {
  listen: (protocol = '', address = '', port = '') =>
    protocol === 'tcp' ? listenTcp(address, Number(port)) : listenUdp(address, Number(port)),
  call: (protocol = '', address = '', port = '') =>
    protocol === 'tcp' ? callTcp(address, Number(port)) : callUdp(address, Number(port)),
  keep: (_protocol, from = '', address = '', port = '') =>
    callUdp(address, Number(port), Number(from)),
  run: async (...words) => {
    const result = Bun.spawnSync(words, { stderr: 'pipe' });
    return `${result.stdout}${result.stderr}`.trim().replaceAll('\n', ' | ') || 'done';
  },
};

if (import.meta.main) {
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    const [name = '', ...words] = line.split(' ');
    console.log(await COMMANDS[name]?.(...words));
  }
  process.exit(0);
}

export function listenTcp(address: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(`from ${socket.remoteAddress?.replace('::ffff:', '')}`);
    });
    server.on('error', (error) => resolve(code(error)));
    server.listen(port, address, () => resolve('listening'));
  });
}

export function callTcp(address: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    let text = '';
    const limit = setTimeout(() => end('silence'), LIMIT_MS);
    const end = (answer: string) => {
      clearTimeout(limit);
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (bytes) => {
      text += bytes;
    });
    socket.on('end', () => end(text));
    socket.on('error', (error) => end(code(error)));
  });
}

function listenUdp(address: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (_, from) => {
      socket.send(`from ${from.address}`, from.port, from.address);
    });
    socket.on('error', (error) => resolve(code(error)));
    socket.bind(port, address, () => resolve('listening'));
  });
}

/** `from` 0: any free port. */
export function callUdp(address: string, port: number, from = 0): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const limit = setTimeout(() => end('silence'), LIMIT_MS);
    const end = (answer: string) => {
      clearTimeout(limit);
      socket.close();
      resolve(answer);
    };
    socket.on('message', (bytes) => end(bytes.toString()));
    socket.on('error', (error) => end(code(error)));
    socket.bind(from, () => socket.send('hello', port, address));
  });
}

function code(error: Error): string {
  return 'code' in error ? String(error.code) : error.message;
}
