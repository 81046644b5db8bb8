import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TiffinError } from '../base/errors.ts';
import { serveApi } from './server.ts';
import { FakeEngine } from './testing/fake-engine.ts';
import { eventually, serveFake } from './testing/served.ts';

test('serveApi answers GET and HEAD of _ping with the headers clients negotiate by', async () => {
  await using served = await serveFake();
  const reply = await fetch('http://tiffin/_ping', { unix: served.socketPath });
  expect(await reply.text()).toBe('OK');
  expect(reply.headers.get('api-version')).toBe('1.51');
  expect(reply.headers.get('ostype')).toBe('linux');
  expect(reply.headers.get('docker-experimental')).toBe('false');
  expect(reply.headers.get('server')).toBe('Tiffin/0.1.0 (linux)');
  const head = served.dial().send('HEAD /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n');
  const text = await head.untilEnd();
  expect(text).toStartWith('HTTP/1.1 200 OK\r\n');
  expect(text).toContain('Api-Version: 1.51');
  expect(text).toEndWith('\r\n\r\n');
});

test('serveApi refuses versions outside of 1.24 to 1.51 in the words of Docker', async () => {
  await using served = await serveFake();
  expect(await served.ask('GET', '/v1.24/_ping')).toEqual({ status: 200, body: 'OK' });
  expect(await served.ask('GET', '/v1.51/_ping')).toEqual({ status: 200, body: 'OK' });
  const refused = await served.ask('GET', '/v1.52/_ping');
  expect(refused).toEqual({
    status: 400,
    body: {
      message: 'client version 1.52 is too new. Maximum supported API version is 1.51',
      code: 'api-version',
    },
  });
  const old = await served.ask('GET', '/v1.23/_ping');
  expect(old.status).toBe(400);
  expect(JSON.stringify(old.body)).toContain('Minimum supported API version is 1.24');
});

test('serveApi answers an unknown path or method with 404 page not found', async () => {
  await using served = await serveFake();
  const missing = { status: 404, body: { message: 'page not found' } };
  expect(await served.ask('GET', '/nowhere')).toEqual(missing);
  expect(await served.ask('PUT', '/info')).toEqual(missing);
  expect(await served.ask('GET', '/v1.41')).toEqual(missing);
  expect(await served.ask('GET', '//')).toEqual(missing);
});

test('serveApi answers as an engine outside of a swarm', async () => {
  await using served = await serveFake();
  for (const path of ['/swarm', '/services', '/nodes/x', '/secrets']) {
    const { status, body } = await served.ask('GET', path);
    expect(status).toBe(503);
    expect(JSON.stringify(body)).toContain('This node is not a swarm manager.');
  }
});

test('serveApi answers pipelined requests in their order', async () => {
  await using served = await serveFake();
  const one = 'GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n';
  const two = 'GET /nowhere HTTP/1.1\r\nHost: d\r\n\r\n';
  const last = 'GET /version HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n';
  const text = await served
    .dial()
    .send(one + two + last)
    .untilEnd();
  const answers = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
  expect(answers).toEqual(['200', '404', '200']);
});

test('serveApi refuses what is not HTTP with 400 and closes', async () => {
  await using served = await serveFake();
  const text = await served.dial().send('certainly not http\r\n\r\n').untilEnd();
  expect(text).toStartWith('HTTP/1.1 400 Bad Request\r\n');
  expect(text).toContain('"message":"malformed request');
});

test('serveApi takes heads of 100 KiB and refuses larger ones', async () => {
  await using served = await serveFake();
  const ping = (size: number) =>
    `GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\nX-Registry-Auth: ${'a'.repeat(size)}\r\n\r\n`;
  expect(
    await served
      .dial()
      .send(ping(100 * 1024))
      .untilEnd(),
  ).toStartWith('HTTP/1.1 200 ');
  expect(
    await served
      .dial()
      .send(ping(200 * 1024))
      .untilEnd(),
  ).toStartWith('HTTP/1.1 400 ');
  const attach = `POST /containers/box/attach HTTP/1.1\r\n${'A: b\r\n'.repeat(40_000)}\r\n`;
  await served.dial().send(attach).untilEnd();
  expect(served.engine.calls).toEqual([]);
});

test('serveApi refuses a broken body, an empty one and a wrong type with 400', async () => {
  await using served = await serveFake();
  const post = (body: string, type?: string) =>
    fetch('http://tiffin/containers/create', {
      unix: served.socketPath,
      method: 'POST',
      body: new TextEncoder().encode(body),
      headers: type === undefined ? {} : { 'Content-Type': type },
    });
  const broken = await post('{"Image": ', 'application/json');
  expect(broken.status).toBe(400);
  expect(await broken.text()).toContain('invalid JSON: ');
  const empty = await post('', 'application/json');
  expect(await empty.text()).toContain('invalid JSON: got EOF while reading request body');
  const wrong = await post('{}', 'text/plain');
  expect(wrong.status).toBe(400);
  expect(await wrong.text()).toContain('unsupported Content-Type header (text/plain)');
  const untyped = await post('{"Image":"starter"}');
  expect(untyped.status).toBe(201);
  expect((await served.ask('POST', '/containers/create', [])).body).toMatchObject({
    message: 'body must be an object',
  });
});

test('serveApi refuses a body beyond the limit with 413 and serves the connection on', async () => {
  await using served = await serveFake();
  const size = 5 * 1024 * 1024;
  const client = served.dial();
  client.send(
    `POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: ${size}\r\n\r\n${' '.repeat(size)}`,
  );
  await client.until('HTTP/1.1 413 ');
  client.send('GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n');
  expect(await client.untilEnd()).toEndWith('OK');
});

test('serveApi cuts a connection whose answer is under way when nonsense follows', async () => {
  await using served = await serveFake();
  const client = served.dial().send('GET /events HTTP/1.1\r\nHost: d\r\n\r\n');
  await client.until('\r\n\r\n');
  client.send('certainly not http\r\n\r\n');
  expect(await client.untilEnd()).not.toContain('400');
  await eventually(() => served.engine.signals[0]?.aborted === true);
});

test('serveApi reads chunked bodies', async () => {
  await using served = await serveFake();
  const client = served.dial();
  client.send('POST /containers/create?name=n HTTP/1.1\r\nHost: d\r\nConnection: close\r\n');
  client.send('Transfer-Encoding: chunked\r\n\r\n9\r\n{"Image":\r\n4\r\n"a"}\r\n0\r\n\r\n');
  expect(await client.untilEnd()).toStartWith('HTTP/1.1 201 Created\r\n');
  expect(served.engine.request.Image).toBe('a');
});

test('serveApi shows the message and hint of an error, and never a stack', async () => {
  await using served = await serveFake();
  const details = { hint: 'choose another name' };
  served.engine.failures.set('create', new TiffinError('conflict', 'name-taken', 'taken', details));
  const refused = await served.ask('POST', '/containers/create', { Image: 'a' });
  expect(refused).toEqual({
    status: 409,
    body: { message: 'taken\nhint: choose another name', code: 'name-taken' },
  });
  const defect = new TypeError('x is not a function');
  served.engine.failures.set('create', defect);
  const broken = await served.ask('POST', '/containers/create', { Image: 'a' });
  expect(broken).toEqual({
    status: 500,
    body: { message: 'internal error: x is not a function' },
  });
  expect(served.defects).toEqual([defect]);
});

test('serveApi makes a socket for the owner only, replaces a dead one and removes its own', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-api-'));
  const socketPath = join(directory, 'run', 'api.sock');
  const listen = [{ kind: 'unix', path: socketPath }] as const;
  const first = await serveApi(new FakeEngine(), { listen });
  expect(statSync(socketPath).mode & 0o777).toBe(0o600);
  expect(serveApi(new FakeEngine(), { listen })).rejects.toThrow('another engine answers');
  await first.close();
  expect(statSync(socketPath, { throwIfNoEntry: false })).toBeUndefined();
  await leaveDeadSocket(socketPath);
  const second = await serveApi(new FakeEngine(), { listen, group: 0 });
  expect(statSync(socketPath).mode & 0o777).toBe(0o660);
  await second.close();
  writeFileSync(socketPath, 'precious');
  expect(serveApi(new FakeEngine(), { listen })).rejects.toThrow('is not a socket');
  rmSync(directory, { recursive: true });
});

/** A socket file whose server has gone without removing it. */
async function leaveDeadSocket(path: string): Promise<void> {
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await Bun.spawn([process.execPath, '-e', script]).exited;
  expect(statSync(path).isSocket()).toBe(true);
}

test('limitReadAhead: the server reads no more of a body than its handler takes, and all of it in the end', async () => {
  await using served = await serveFake();
  const size = 64 * 1024 * 1024;
  const slow = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<number>();
  served.engine.images.load = async (archive) => {
    let taken = 0;
    for await (const chunk of archive) {
      taken += chunk.length;
      await slow.promise;
    }
    ended.resolve(taken);
    return [];
  };
  const client = served.dial();
  let handedOver = 0;
  const piece = Buffer.alloc(256 * 1024, 1);
  client.send(`POST /images/load HTTP/1.1\r\nHost: d\r\nContent-Length: ${size}\r\n\r\n`);
  const sending = (async () => {
    for (let sent = 0; sent < size; sent += piece.length) {
      await new Promise((resolve) => client.socket.write(piece, resolve));
      handedOver += piece.length;
    }
  })();
  // Turns of the event loop in which an unbounded server has read everything several times over.
  for (let turn = 0; turn < 5000; turn += 1) await new Promise((next) => setImmediate(next));
  expect(handedOver).toBeGreaterThan(0);
  expect(handedOver).toBeLessThan(4 * 1024 * 1024);
  slow.resolve();
  await sending;
  expect(await ended.promise).toBe(size);
  await client.until('0\r\n\r\n');
});

test('limitReadAhead: a body that a refusal left unread is dropped, and the connection serves the next request', async () => {
  await using served = await serveFake();
  const size = 16 * 1024 * 1024;
  const client = served.dial();
  client.send(
    `POST /images/create?fromSrc=x HTTP/1.1\r\nHost: d\r\nContent-Length: ${size}\r\n\r\n`,
  );
  await client.until('HTTP/1.1 ');
  const piece = Buffer.alloc(256 * 1024, 1);
  for (let sent = 0; sent < size; sent += piece.length) {
    await new Promise((resolve) => client.socket.write(piece, resolve));
  }
  client.send('GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n');
  expect(await client.untilEnd()).toEndWith('OK');
});
