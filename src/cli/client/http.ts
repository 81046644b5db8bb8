/** HTTP/1.1 on one connection at a time (RFC 9112), as much of it as the Engine API uses. */

import { TiffinError } from '../../base/errors.ts';
import { ConnectionLost, type Socket } from './socket.ts';

const MAX_HEAD = 64 * 1024;
const MAX_CHUNK_LINE = 256;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface RequestHead {
  method: string;
  target: string;
  headers: Readonly<Record<string, string>>;
}

export interface ResponseHead {
  status: number;
  /** Names in lower case. */
  headers: ReadonlyMap<string, string>;
}

/** `body` absent: none; bytes: with a length; iterable: chunked. */
export async function sendRequest(
  socket: Socket,
  head: RequestHead,
  body?: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  const lines = [`${head.method} ${head.target} HTTP/1.1`, 'Host: tiffin'];
  for (const [name, value] of Object.entries(head.headers)) lines.push(`${name}: ${value}`);
  if (body instanceof Uint8Array) {
    lines.push(`Content-Length: ${body.length}`);
  } else if (body !== undefined) {
    lines.push('Transfer-Encoding: chunked');
  } else if (head.method === 'POST') {
    lines.push('Content-Length: 0');
  }
  const start = encoder.encode(`${lines.join('\r\n')}\r\n\r\n`);
  if (body === undefined) return socket.write(start);
  if (body instanceof Uint8Array) return socket.write(join(start, body));
  await socket.write(start);
  for await (const chunk of body) {
    if (chunk.length === 0) continue;
    await socket.write(encoder.encode(`${chunk.length.toString(16)}\r\n`));
    await socket.write(chunk);
    await socket.write(encoder.encode('\r\n'));
  }
  await socket.write(encoder.encode('0\r\n\r\n'));
}

/** What follows the head stays in the socket. Throws `ConnectionLost` when the connection ends before the first byte. */
export async function readHead(socket: Socket): Promise<ResponseHead> {
  let bytes: Uint8Array = new Uint8Array(0);
  for (;;) {
    const piece = await socket.read();
    if (piece === undefined) {
      if (bytes.length === 0) throw new ConnectionLost();
      throw malformed('the head is incomplete');
    }
    bytes = bytes.length === 0 ? piece : join(bytes, piece);
    const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf('\r\n\r\n');
    if (end >= 0) {
      socket.unread(bytes.subarray(end + 4));
      const head = parseHead(decoder.decode(bytes.subarray(0, end)));
      if (head.status !== 100) return head;
      bytes = new Uint8Array(0);
    } else if (bytes.length > MAX_HEAD) {
      throw malformed('the head is too long');
    }
  }
}

/** The body's pieces as they arrive. Ends when the body ends, or with the connection when it has no stated length. */
export async function* readBody(socket: Socket, head: ResponseHead): AsyncGenerator<Uint8Array> {
  if (head.status === 204 || head.status === 304) return;
  if (head.headers.get('transfer-encoding')?.toLowerCase() === 'chunked') {
    yield* readChunks(socket);
    return;
  }
  const length = head.headers.get('content-length');
  if (length !== undefined) {
    if (!/^[0-9]{1,15}$/.test(length)) throw malformed(`content-length ${length}`);
    yield* readExactly(socket, Number(length));
    return;
  }
  for (let piece = await socket.read(); piece !== undefined; piece = await socket.read()) {
    yield piece;
  }
}

/** Whether another request may follow on the same connection. */
export function keepsAlive(head: ResponseHead): boolean {
  if (head.headers.get('connection')?.toLowerCase() === 'close') return false;
  if (head.status === 204 || head.status === 304) return true;
  return head.headers.has('content-length') || head.headers.has('transfer-encoding');
}

function parseHead(text: string): ResponseHead {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: |$)/.exec(first)?.[1];
  if (status === undefined) throw malformed(`status line ${JSON.stringify(first.slice(0, 80))}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(status), headers };
}

async function* readChunks(socket: Socket): AsyncGenerator<Uint8Array> {
  for (;;) {
    const size = parseChunkSize(await readLine(socket));
    if (size === 0) {
      while ((await readLine(socket)) !== '');
      return;
    }
    yield* readExactly(socket, size);
    if ((await readLine(socket)) !== '') throw malformed('a chunk is longer than it says');
  }
}

function parseChunkSize(line: string): number {
  const digits = line.split(';', 1)[0]?.trim() ?? '';
  if (!/^[0-9a-fA-F]{1,12}$/.test(digits)) throw malformed(`chunk size ${JSON.stringify(line)}`);
  return Number.parseInt(digits, 16);
}

async function readLine(socket: Socket): Promise<string> {
  let line: Uint8Array = new Uint8Array(0);
  for (;;) {
    const piece = await socket.read();
    if (piece === undefined) throw new ConnectionLost();
    const end = piece.indexOf(10);
    if (end >= 0) {
      socket.unread(piece.subarray(end + 1));
      return decoder.decode(join(line, piece.subarray(0, end))).replace(/\r$/, '');
    }
    line = join(line, piece);
    if (line.length > MAX_CHUNK_LINE) throw malformed('a chunk header is too long');
  }
}

async function* readExactly(socket: Socket, length: number): AsyncGenerator<Uint8Array> {
  let left = length;
  while (left > 0) {
    const piece = await socket.read();
    if (piece === undefined) throw new ConnectionLost();
    const taken = piece.subarray(0, left);
    socket.unread(piece.subarray(taken.length));
    left -= taken.length;
    yield taken;
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

function malformed(what: string): TiffinError {
  return new TiffinError('internal', 'bad-http', `the engine's answer is not HTTP: ${what}`);
}
