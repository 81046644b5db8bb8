/** The HTTP client against answers written byte by byte. */

import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket as NetSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiError, Client, jsonLines, withQuery } from './client.ts';
import { Socket } from './socket.ts';

/** A server that hands each request's head to `answer`, with the number of its connection. */
async function rawServer(answer: (socket: NetSocket, head: string, connection: number) => void) {
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-http-'));
  const path = join(directory, 's');
  const sockets = new Set<NetSocket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const connection = sockets.size;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      if (bytes.includes('HTTP/1.1')) answer(socket, bytes.toString(), connection);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    client: new Client(() => Socket.connect(path)),
    connections: () => sockets.size,
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** Writes one byte per turn of the event loop. */
async function dribble(socket: NetSocket, text: string): Promise<void> {
  for (const byte of Buffer.from(text)) {
    await new Promise((resolve) => socket.write(Uint8Array.of(byte), resolve));
  }
}

test('Client reads a chunked body in any pieces and uses the connection again', async () => {
  using server = await rawServer((socket) => {
    dribble(
      socket,
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n',
    );
  });
  expect(await server.client.text('GET', '/')).toBe('hello world');
  expect(await server.client.text('GET', '/')).toBe('hello world');
  expect(server.connections()).toBe(1);
});

test('Client reads a body with a length, one to the end of the connection, and none', async () => {
  using server = await rawServer((socket, head) => {
    if (head.startsWith('GET /length'))
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc');
    else if (head.startsWith('GET /none')) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    else socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end');
  });
  expect(await server.client.text('GET', '/length')).toBe('abc');
  expect(await server.client.text('GET', '/none')).toBe('');
  expect(await server.client.text('GET', '/end')).toBe('until the end');
});

test('Client asks again when the engine closed the idle connection', async () => {
  using server = await rawServer((socket, _, connection) => {
    const answered = Reflect.get(socket, 'answered') === true;
    Reflect.set(socket, 'answered', true);
    if (connection === 1 && answered) socket.destroy();
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
  });
  expect(await server.client.text('GET', '/')).toBe('x');
  expect(await server.client.text('GET', '/')).toBe('x');
  expect(server.connections()).toBe(2);
});

test('Client turns an error answer into an ApiError with the message', async () => {
  using server = await rawServer((socket, head) => {
    const body = head.startsWith('GET /json') ? '{"message":"no such thing"}' : 'plain text';
    socket.write(`HTTP/1.1 404 Not Found\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
  expect(server.client.text('GET', '/json')).rejects.toThrow(new ApiError(404, 'no such thing'));
  expect(server.client.text('GET', '/text')).rejects.toThrow(new ApiError(404, 'plain text'));
});

test.each([
  ['not http at all\r\n\r\n', "the engine's answer is not HTTP: status line"],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'chunk size'],
  ['HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', 'content-length -1'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc', 'the engine closed the connection'],
  ['', 'the engine closed the connection'],
])('Client refuses %p', async (bytes, message) => {
  using server = await rawServer((socket) => socket.end(bytes));
  expect(server.client.text('GET', '/')).rejects.toThrow(message);
});

test('hijack gives the bytes after the head and both directions with half-close', async () => {
  using server = await rawServer((socket) => {
    socket.write('HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nfirst');
    let text = '';
    socket.on('data', (bytes) => {
      if (!bytes.includes('HTTP/1.1')) text += bytes;
    });
    socket.on('end', () => socket.end(`<${text.length}>`));
  });
  const socket = await server.client.hijack('/attach');
  await socket.write(new Uint8Array(3_000_000).fill(120));
  socket.end();
  let text = '';
  for (let bytes = await socket.read(); bytes !== undefined; bytes = await socket.read()) {
    text += Buffer.from(bytes).toString();
  }
  expect(text).toBe('first<3000000>');
});

test('Socket holds the sender back when its reader is slow', async () => {
  const total = 20_000_000;
  let written = 0;
  using server = await rawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const piece = Buffer.alloc(65536, 'y');
    const more = () => {
      if (written >= total) return void socket.end();
      written += piece.length;
      socket.write(piece, more);
    };
    more();
  });
  const response = await server.client.stream('GET', '/');
  let read = 0;
  let ahead = 0;
  for await (const bytes of response.body) {
    read += bytes.length;
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    ahead = Math.max(ahead, written - read);
  }
  expect(read).toBe(written);
  expect(ahead).toBeLessThan(3_000_000);
});

test('jsonLines reads values across pieces and withQuery leaves out what is undefined', async () => {
  async function* pieces() {
    for (const text of ['{"a":1}\n{"a"', ':2}\r\n', '\n{"a":3}']) yield Buffer.from(text);
  }
  const values: unknown[] = [];
  for await (const value of jsonLines(pieces())) values.push(value);
  expect(values).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
  expect(withQuery('/x', { a: true, b: undefined, c: 'a b&', d: 0 })).toBe('/x?a=1&c=a%20b%26&d=0');
});
