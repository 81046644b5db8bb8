/** Bytes that are not HTTP, or a head beyond the limit. */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** @param answer the last answer begun on this connection */
export function refuseMalformed(
  error: Error,
  socket: Socket,
  answer: ServerResponse | undefined,
): void {
  socket.on('error', () => undefined);
  if (answer?.headersSent && !answer.writableFinished) {
    // What we say now would be read as a part of that answer.
    socket.destroy();
    return;
  }
  if (socket.writable) {
    const body = JSON.stringify({ message: `malformed request: ${error.message}` });
    const head = [
      'HTTP/1.1 400 Bad Request',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}
