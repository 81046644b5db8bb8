import { expect, test } from 'bun:test';
import { serveFake } from './testing/served.ts';

const CREATE = 'POST /containers/create HTTP/1.1\r\nHost: d\r\n';

test('serveApi cuts a connection whose first head does not come', async () => {
  await using served = await serveFake({ headMs: 50 });
  for (const start of [
    '',
    'GET /_ping HTT',
    `${CREATE}X-Slow: `,
    'POST /containers/box/attach HTTP',
  ]) {
    const client = served.dial();
    if (start !== '') client.send(start);
    expect(await client.untilEnd()).toBe('');
  }
  const patient = await served
    .dial()
    .send('GET /events HTTP/1.1\r\nHost: d\r\n\r\n')
    .until('\r\n\r\n');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(patient.ended).toBe(false);
});

test('serveApi answers 408 to a JSON body that does not come, and closes', async () => {
  await using served = await serveFake({ bodyMs: 50 });
  const half = served.dial().send(`${CREATE}Content-Length: 100\r\n\r\n{"Image":`);
  const text = await half.untilEnd();
  expect(text).toStartWith('HTTP/1.1 408 ');
  expect(text).toContain('the request body did not arrive within 50 ms');
  const exec = `POST /exec/${'e'.repeat(64)}/start HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 9\r\n\r\n{`;
  expect(await served.dial().send(exec).untilEnd()).toStartWith('HTTP/1.1 408 ');
  expect(served.engine.calls).toEqual([]);
  expect(served.defects).toEqual([]);
});

test('serveApi lets an archive take longer than a JSON body', async () => {
  await using served = await serveFake({ bodyMs: 20 });
  const head =
    'POST /images/load HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\nConnection: close\r\n\r\n';
  const client = served.dial().send(`${head}a`);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(await client.send('b').untilEnd()).toStartWith('HTTP/1.1 200 ');
});

test('serveApi refuses a connection beyond its bound with 503, and takes it when another has gone', async () => {
  await using served = await serveFake({ connections: 2 });
  const ping = 'GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n';
  const first = await served.dial().send(ping).until('OK');
  await served.dial().send(ping).until('OK');
  const third = await served.dial().untilEnd();
  expect(third).toStartWith('HTTP/1.1 503 ');
  expect(third).toContain('too many connections');
  first.socket.end();
  await first.untilClosed();
  await served.dial().send(ping).until('OK');
});
