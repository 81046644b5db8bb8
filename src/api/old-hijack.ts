/**
 * Clients that send no `Upgrade` still expect attach and exec to take the connection over. An HTTP server cannot be stopped from reading such a
 * connection on, so the first head of each connection is looked at before the server sees it, and such a request gets the header it lacks.
 */

import type { Socket } from 'node:net';

/** The protocol name put into such a request; answered with 200 instead of 101. */
export const RAW_UPGRADE = 'tiffin-raw';

/** Bytes of a request's head: filters and registry tokens run to tens of KiB. A longer one goes to the server as it is, which refuses it. */
export const MAX_HEAD = 128 * 1024;
const END_OF_HEAD = '\r\n\r\n';

/** Hands the socket to `serve` once its first head is complete, or cannot be one of those. */
export function admit(socket: Socket, serve: (socket: Socket) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const pass = (bytes: Buffer) => {
    socket.off('data', look);
    socket.off('error', ignore);
    socket.pause();
    if (bytes.length > 0) socket.unshift(bytes);
    serve(socket);
    socket.resume();
  };
  const look = (data: Buffer | string) => {
    const chunk = Buffer.from(data);
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const text = seen.toString('latin1', 0, MAX_HEAD);
    if (!mayHijack(text) || text.length >= MAX_HEAD) return pass(seen);
    const end = text.indexOf(END_OF_HEAD);
    if (end >= 0) pass(takesForGranted(text.slice(0, end)) ? addUpgrade(seen) : seen);
  };
  const ignore = () => undefined;
  socket.on('data', look);
  socket.on('error', ignore);
  socket.once('end', () => {
    if (socket.listeners('data').includes(look)) socket.end();
  });
}

/** Whether the first line is, or may become, a request for attach or exec. */
function mayHijack(text: string): boolean {
  const line = text.split('\r\n', 1)[0] ?? '';
  if (!line.startsWith('POST '.slice(0, line.length))) return false;
  if (line.length === text.length) return true;
  const path = line.split(' ')[1]?.split('?', 1)[0] ?? '';
  return path.endsWith('/attach') || (path.includes('/exec/') && path.endsWith('/start'));
}

/** A chunked body needs the server's parser: such a request stays in HTTP and gets its output there. */
function takesForGranted(head: string): boolean {
  const lower = head.toLowerCase();
  return !lower.includes('\r\nupgrade:') && !lower.includes('\r\ntransfer-encoding:');
}

function addUpgrade(bytes: Buffer): Buffer {
  const line = bytes.indexOf('\r\n') + 2;
  const header = Buffer.from(`Connection: Upgrade\r\nUpgrade: ${RAW_UPGRADE}\r\n`);
  return Buffer.concat([bytes.subarray(0, line), header, bytes.subarray(line)]);
}
