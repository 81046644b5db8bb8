/** How HTTP becomes a web socket, RFC 6455 section 4.2. */

import { TiffinError } from '../../base/errors.ts';

/** Section 1.3: proof that the server understood. */
const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** The client's key. Throws `invalid` where the request is not a handshake of version 13. */
export function webSocketKey(header: (name: string) => string | undefined): string {
  if (header('upgrade')?.toLowerCase() !== 'websocket') throw invalid('not websocket protocol');
  const version = header('sec-websocket-version');
  if (version !== '13') throw invalid(`unsupported web socket version: ${version ?? 'none'}`);
  const key = header('sec-websocket-key') ?? '';
  if (!KEY.test(key)) throw invalid('missing or bad Sec-WebSocket-Key');
  return key;
}

export function webSocketHead(key: string): string {
  const accept = new Bun.CryptoHasher('sha1').update(key + MAGIC).digest('base64');
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    '\r\n',
  ].join('\r\n');
}

function invalid(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-handshake', message);
}
