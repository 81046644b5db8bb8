/** The body of a request that asks for an upgrade. The server stops parsing at the head, so the body is still on the socket. */

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { type Body, bytesBody, tooLarge, withinTime } from './body.ts';

/** Takes the body off `head` and the socket; what follows it is left on the socket, which is paused. */
export async function upgradeBody(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  patienceMs: number,
): Promise<Body> {
  // Nobody listens until the stream begins: what flowed meanwhile would be lost.
  socket.pause();
  if (request.headers['transfer-encoding'] !== undefined) {
    const message = 'a request with Upgrade must have a Content-Length, not a Transfer-Encoding';
    throw new TiffinError('invalid', 'length-required', message);
  }
  const size = Number(request.headers['content-length'] ?? 0);
  if (size > limits.apiBodyBytes) throw tooLarge(limits.apiBodyBytes);
  if (head.length > 0) socket.unshift(head);
  const bytes =
    size === 0 ? Buffer.alloc(0) : await withinTime(readExactly(socket, size), patienceMs);
  return bytesBody(bytes, request.headers['content-type']);
}

function readExactly(socket: Duplex, size: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let have = 0;
    const stop = () => {
      socket.off('data', take);
      socket.off('end', fail);
      socket.off('close', fail);
      socket.pause();
    };
    const take = (chunk: Buffer) => {
      chunks.push(chunk);
      have += chunk.length;
      if (have < size) return;
      stop();
      const all = Buffer.concat(chunks);
      if (all.length > size) socket.unshift(all.subarray(size));
      resolve(all.subarray(0, size));
    };
    const fail = () => {
      stop();
      reject(new TiffinError('cancelled', 'client-gone', 'the request ended within its body'));
    };
    socket.on('data', take);
    socket.on('end', fail);
    socket.on('close', fail);
    socket.resume();
  });
}
