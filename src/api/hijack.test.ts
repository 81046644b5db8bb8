import { expect, test } from 'bun:test';
import { TiffinError } from '../base/errors.ts';
import { FakeProcess } from './testing/fake-process.ts';
import { eventually, serveFake } from './testing/served.ts';

const ATTACH = '/containers/box/attach?stream=1&stdin=1&stdout=1&stderr=1';
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';

function post(path: string, headers = '', body = ''): string {
  const length = `Content-Length: ${body.length}\r\n`;
  return `POST ${path} HTTP/1.1\r\nHost: d\r\n${headers}${length}\r\n${body}`;
}

function framed(stream: number, text: string): string {
  return `${String.fromCharCode(stream, 0, 0, 0, 0, 0, 0, text.length)}${text}`;
}

test('attach with Upgrade answers 101 and frames both streams', async () => {
  await using served = await serveFake();
  served.engine.process = new FakeProcess();
  const client = served.dial().send(post(ATTACH, UPGRADE));
  await client.until('\r\n\r\n');
  served.engine.process.say(1, 'out');
  served.engine.process.say(2, 'err');
  served.engine.process.end();
  const [head, body] = (await client.untilEnd()).split('\r\n\r\n');
  expect(head).toStartWith('HTTP/1.1 101 UPGRADED\r\n');
  expect(head).toContain('Content-Type: application/vnd.docker.multiplexed-stream');
  expect(head).toContain('Upgrade: tcp');
  expect(body).toBe(framed(1, 'out') + framed(2, 'err'));
});

test('attach of a terminal is raw, and before 1.42 the type is always raw-stream', async () => {
  await using served = await serveFake();
  const old = await served
    .dial()
    .send(post(`/v1.41${ATTACH}`, UPGRADE))
    .until('\r\n\r\n');
  expect(old.seen).toContain('application/vnd.docker.raw-stream');
  old.socket.destroy();
  served.engine.tty = true;
  served.engine.process = new FakeProcess();
  served.engine.process.say(1, 'screen');
  served.engine.process.end();
  const text = await served.dial().send(post(ATTACH, UPGRADE)).untilEnd();
  expect(text).toContain('application/vnd.docker.raw-stream');
  expect(text).toEndWith('\r\n\r\nscreen');
});

test('attach carries input in, and the end of input as a half-close', async () => {
  await using served = await serveFake();
  const client = served.dial().send(post(ATTACH, UPGRADE));
  await client.until('\r\n\r\n');
  client.send('hello');
  await client.until(framed(1, 'hello'));
  client.socket.end('last');
  expect(await client.untilEnd()).toEndWith(framed(1, 'hello') + framed(1, 'last'));
  expect(served.engine.process.inputClosed).toBe(true);
});

test('attach takes bytes that came with the request itself as input', async () => {
  await using served = await serveFake();
  const client = served.dial().send(`${post(ATTACH, UPGRADE)}early`);
  await client.until(framed(1, 'early'));
  client.socket.end();
  await client.untilEnd();
  expect(served.engine.process.input).toBe('early');
});

test('attach without Upgrade answers 200 raw-stream and carries both directions', async () => {
  await using served = await serveFake();
  const client = served.dial();
  // In two parts: the head is looked at only when it is complete.
  client.send(`POST ${ATTACH} HTTP/1.1\r\n`).send('Host: d\r\n\r\nearly');
  await client.until(framed(1, 'early'));
  expect(client.seen).toStartWith('HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.');
  client.send('GET / HTTP/1.1\r\n\r\n');
  await client.until(framed(1, 'GET / HTTP/1.1\r\n\r\n'));
  client.socket.end();
  await client.untilEnd();
});

test('attach without Upgrade on a used connection carries output, and refuses to carry input', async () => {
  await using served = await serveFake();
  const client = served.dial().send('GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n');
  await client.until('OK');
  client.send(post(ATTACH));
  await client.until('this connection cannot carry input');
  expect(client.seen).toContain('HTTP/1.1 400 ');
  expect(served.engine.calls).toEqual([]);
  client.send(post('/containers/box/attach?stream=1&stdout=1'));
  await client.until('application/vnd.docker.multiplexed-stream');
  served.engine.process.say(1, 'one');
  await client.until(framed(1, 'one'));
  served.engine.process.end();
  await client.until('\r\n0\r\n\r\n');
  client.send('GET /nowhere HTTP/1.1\r\nHost: d\r\n\r\n');
  await client.until('HTTP/1.1 404 ');
});

test('attach that carries output only ends its session when the client has gone', async () => {
  await using served = await serveFake();
  const client = served.dial().send('GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n');
  await client.until('OK');
  client.send(post('/containers/box/attach?stream=1&stdout=1'));
  await client.until('multiplexed-stream');
  client.socket.destroy();
  await eventually(() => served.engine.process.closed);
});

test('attach of an unknown container answers 404 in HTTP although an upgrade was asked', async () => {
  await using served = await serveFake();
  const path = '/containers/nobody/attach?stream=1';
  const text = await served.dial().send(post(path, UPGRADE)).untilEnd();
  expect(text).toStartWith('HTTP/1.1 404 Not Found\r\n');
  expect(text).toContain('"message":"No such container: nobody"');
});

test('attach without stdin ignores input and stays when the client closes its side', async () => {
  await using served = await serveFake();
  const client = served.dial().send(post('/containers/box/attach?stream=1&stdout=1', UPGRADE));
  await client.until('\r\n\r\n');
  client.socket.end('ignored');
  served.engine.process.say(1, 'still here');
  await client.until('still here');
  expect(served.engine.process.input).toBe('');
  expect(served.engine.process.inputClosed).toBe(false);
  served.engine.process.end();
  await client.untilEnd();
});

test('attach ends the session when the client has gone and output fails', async () => {
  await using served = await serveFake();
  const client = served.dial().send(post(ATTACH, UPGRADE));
  await client.until('\r\n\r\n');
  client.socket.destroy();
  await client.untilClosed();
  served.engine.process.say(1, 'anybody?');
  served.engine.process.say(1, 'no');
  await eventually(() => served.engine.process.closed);
  expect(served.defects).toEqual([]);
});

test('attach reads no more from the process than a client that does not read can hold', async () => {
  await using served = await serveFake();
  const { process } = served.engine;
  for (let chunk = 0; chunk < 500; chunk++) process.sayBytes(1, new Uint8Array(65_536));
  const client = served.dial();
  client.socket.pause();
  client.send(post(ATTACH, UPGRADE));
  await eventually(() => process.taken > 0);
  await settled(() => process.taken);
  expect(process.taken).toBeLessThan(100);
  client.socket.resume();
  process.end();
  await client.untilEnd();
  expect(process.taken).toBe(500);
});

test('attach reads no more from the client than a process that does not read can hold', async () => {
  await using served = await serveFake();
  const gate = Promise.withResolvers<void>();
  served.engine.process = new FakeProcess();
  served.engine.process.gate = gate.promise;
  const client = served.dial().send(post(ATTACH, UPGRADE));
  await client.until('\r\n\r\n');
  const sent = 32 * 1024 * 1024;
  client.socket.write(Buffer.alloc(sent));
  await settled(() => client.socket.bytesWritten - client.socket.writableLength);
  expect(client.socket.writableLength).toBeGreaterThan(sent / 2);
  gate.resolve();
  await eventually(() => served.engine.process.input.length === sent);
  served.engine.process.end();
  await client.untilEnd();
});

test('attach of a terminal ends at the detach keys, across chunks, and leaves the process', async () => {
  await using served = await serveFake();
  served.engine.tty = true;
  const client = served.dial().send(post(`${ATTACH}&detachKeys=ctrl-a,x`, UPGRADE));
  await client.until('\r\n\r\n');
  client.send('ab\x01');
  await client.until('ab');
  client.send('xrest');
  await client.untilEnd();
  expect(served.engine.process.input).toBe('ab');
  expect(served.engine.process.closed).toBe(true);
  expect(served.engine.process.inputClosed).toBe(false);
});

test('exec start takes its body off a connection that is about to be upgraded', async () => {
  await using served = await serveFake();
  const created = await served.ask('POST', '/containers/box/exec', {
    Cmd: ['cat'],
    AttachStdin: true,
    AttachStdout: true,
  });
  expect(created.status).toBe(201);
  const id = 'e'.repeat(64);
  expect(created.body).toEqual({ Id: id });
  const body = '{"Detach":false,"Tty":false,"ConsoleSize":[24,80]}';
  const request = post(`/exec/${id}/start`, `${UPGRADE}Content-Type: application/json\r\n`, body);
  // The body comes in two parts, the second together with input.
  const client = served.dial().send(request.slice(0, -10));
  await eventually(() => client.socket.bytesWritten > 0);
  client.send(`${request.slice(-10)}typed`);
  await client.until(framed(1, 'typed'));
  client.socket.end();
  await client.untilEnd();
  const size = { rows: 24, columns: 80 };
  const options = { terminal: false, detach: false, size };
  expect(served.engine.calls).toContainEqual(['exec start', id, options]);
});

test('exec start writes a failure into the stream, where clients look', async () => {
  await using served = await serveFake();
  await served.ask('POST', '/containers/box/exec', { Cmd: ['nope'], AttachStdout: true });
  const failure = new TiffinError('invalid', 'no-such-program', 'nope: no such file', {});
  served.engine.failures.set('exec start', failure);
  const path = `/exec/${'e'.repeat(64)}/start`;
  const text = await served
    .dial()
    .send(post(path, UPGRADE, '{}'))
    .untilEnd();
  expect(text).toStartWith('HTTP/1.1 101 UPGRADED');
  expect(text).toEndWith(framed(2, 'nope: no such file\r\n'));
});

test('exec start with Detach answers 200, and an unknown exec 404', async () => {
  await using served = await serveFake();
  await served.ask('POST', '/containers/box/exec', { Cmd: 'true' });
  const id = 'e'.repeat(64);
  expect((await served.ask('POST', `/exec/${id}/start`, { Detach: true })).status).toBe(200);
  const missing = await served
    .dial()
    .send(post('/exec/x/start', UPGRADE, '{}'))
    .untilEnd();
  expect(missing).toStartWith('HTTP/1.1 404 ');
});

test('exec start with a chunked body and no Upgrade answers with the output in HTTP', async () => {
  await using served = await serveFake();
  await served.ask('POST', '/containers/box/exec', { Cmd: ['ls'], AttachStdout: true });
  served.engine.process.say(1, 'listing');
  served.engine.process.end();
  const client = served.dial();
  client.send(`POST /exec/${'e'.repeat(64)}/start HTTP/1.1\r\nHost: d\r\nConnection: close\r\n`);
  client.send('Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n');
  expect(await client.untilEnd()).toContain(framed(1, 'listing'));
});

test('an upgrade with a chunked or an endless body is refused', async () => {
  await using served = await serveFake();
  const chunked = `POST ${ATTACH} HTTP/1.1\r\nHost: d\r\n${UPGRADE}Transfer-Encoding: chunked\r\n\r\n`;
  expect(await served.dial().send(chunked).untilEnd()).toStartWith('HTTP/1.1 400 ');
  const huge = `POST ${ATTACH} HTTP/1.1\r\nHost: d\r\n${UPGRADE}Content-Length: 99999999999\r\n\r\n`;
  expect(await served.dial().send(huge).untilEnd()).toStartWith('HTTP/1.1 413 ');
});

/** Resolves when `measure` has not changed for a while of turns of the event loop. */
async function settled(measure: () => number): Promise<void> {
  let last = Number.NaN;
  for (let same = 0; same < 2000; ) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = measure();
    same = now === last ? same + 1 : 0;
    last = now;
  }
}

test('an attach that only listens ends when its client is gone, and not when it is done sending', async () => {
  await using served = await serveFake();
  served.engine.process = new FakeProcess();
  const listen = ATTACH.replace('stdin=1', 'stdin=0');
  const half = await served.dial().send(post(listen, UPGRADE)).until('\r\n\r\n');
  half.socket.end();
  // The clock that looks after clients has gone round when it has found another one.
  const quiet = new FakeProcess();
  const process = served.engine.process;
  served.engine.process = quiet;
  const gone = await served.dial().send(post(listen, UPGRADE)).until('\r\n\r\n');
  gone.socket.destroy();
  await eventually(() => quiet.closed);
  expect(process.closed).toBe(false);
  process.say(1, 'still here');
  await half.until('still here');
  half.socket.destroy();
  await eventually(() => process.closed);
});
