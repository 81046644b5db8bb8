import { expect, test } from 'bun:test';
import { TiffinError } from '../base/errors.ts';
import type { EngineEvent } from '../spec/docker.ts';
import { eventually, serveFake } from './testing/served.ts';

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: d\r\n\r\n`;
}

test('wait answers its headers before the condition holds and its body after', async () => {
  await using served = await serveFake();
  const client = served.dial();
  client.send('POST /containers/box/wait?condition=next-exit HTTP/1.1\r\nHost: d\r\n\r\n');
  await client.until('\r\n\r\n');
  expect(client.seen).toStartWith('HTTP/1.1 200 OK\r\n');
  expect(client.seen).not.toContain('StatusCode');
  expect(served.engine.calls).toEqual([['wait', 'box', 'next-exit']]);
  served.engine.exit.resolve({ StatusCode: 7 });
  await client.until('{"StatusCode":7}');
});

test('wait refuses an unknown container and an unknown condition with a status', async () => {
  await using served = await serveFake();
  expect((await served.ask('POST', '/containers/nobody/wait')).status).toBe(404);
  const refused = await served.ask('POST', '/containers/box/wait?condition=never');
  expect(refused).toMatchObject({ status: 400, body: { message: 'invalid condition: "never"' } });
});

test('wait tells the client what went wrong once the headers have left', async () => {
  await using served = await serveFake();
  const asked = served.ask('POST', '/containers/box/wait');
  await eventually(() => served.engine.calls.length === 1);
  served.engine.exit.reject(new TiffinError('unavailable', 'lost', 'the monitor is gone'));
  const { status, body } = await asked;
  expect(status).toBe(200);
  expect(body).toEqual({ StatusCode: -1, Error: { Message: 'the monitor is gone' } });
});

test('a client that goes away aborts wait, events and followed logs', async () => {
  await using served = await serveFake();
  const requests = [
    'POST /containers/box/wait HTTP/1.1\r\nHost: d\r\n\r\n',
    get('/events'),
    get('/containers/box/logs?stdout=1&follow=1'),
  ];
  for (const [index, request] of requests.entries()) {
    const client = await served.dial().send(request).until('\r\n\r\n');
    await eventually(() => served.engine.signals.length === index + 1);
    expect(served.engine.signals[index]?.aborted).toBe(false);
    client.socket.destroy();
    await eventually(() => served.engine.signals[index]?.aborted === true);
  }
  expect(served.defects).toEqual([]);
});

test('logs asks the engine for what the parameters say', async () => {
  await using served = await serveFake();
  const path = '/containers/box/logs?stderr=true&tail=5&since=12.5&until=13&timestamps=0';
  expect((await served.ask('GET', path)).status).toBe(200);
  expect(served.engine.calls[0]?.[1]).toMatchObject({
    stdout: false,
    stderr: true,
    follow: false,
    tail: 5,
    sinceNs: 12_500_000_000n,
    untilNs: 13_000_000_000n,
  });
  const none = await served.ask('GET', '/containers/box/logs');
  expect(none.status).toBe(400);
  expect(JSON.stringify(none.body)).toContain('you must choose at least one stream');
});

test('events sends a line for each event, with its time to the nanosecond', async () => {
  await using served = await serveFake();
  const event: EngineEvent = {
    Type: 'container',
    Action: 'start',
    Actor: { ID: 'c1', Attributes: { image: 'starter' } },
    scope: 'local',
    time: 1_767_323_045,
    timeNano: 1_767_323_045_123_456_789n,
  };
  served.engine.eventList = [event];
  const client = await served.dial().send(get('/events')).until('\r\n\r\n');
  await client.until('}\r\n');
  expect(client.seen).toContain('"timeNano":1767323045123456789');
  expect(client.seen).toContain('"status":"start","id":"c1","from":"starter"');
  client.socket.destroy();
});

test('stats streams readings that carry the one before', async () => {
  await using served = await serveFake();
  const client = await served.dial().send(get('/containers/box/stats')).until('\r\n\r\n');
  await client.until('"preread":"0001-01-01T00:00:00Z"');
  await client.until('"preread":"2026-01-02T03:04:05.000000006Z"');
  client.socket.destroy();
});

test('stats without stream carries two readings, and one with one-shot', async () => {
  await using served = await serveFake();
  const two = await served.ask('GET', '/containers/box/stats?stream=false');
  expect(two.body).toMatchObject({ precpu_stats: { cpu_usage: { total_usage: 100 } } });
  const one = await served.ask('GET', '/containers/box/stats?stream=false&one-shot=true');
  expect(one.body).toMatchObject({ precpu_stats: { cpu_usage: { total_usage: 0 } } });
});

test('export and save read no more than a client that does not read can hold', async () => {
  await using served = await serveFake();
  for (const path of ['/containers/box/export', '/images/get?names=starter']) {
    served.engine.received = 0;
    const client = served.dial();
    client.socket.pause();
    client.send(get(path));
    await eventually(() => served.engine.received > 0);
    // The whole is 4 MiB; a socket pair and a stream hold well under 2.
    for (let turn = 0; turn < 2000; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(served.engine.received).toBeLessThan(32);
    client.socket.resume();
    await client.until('\r\n0\r\n\r\n');
    expect(served.engine.received).toBe(64);
    client.socket.destroy();
  }
});

test('export that fails at once answers with a status', async () => {
  await using served = await serveFake();
  const failure = new TiffinError('not-found', 'no-such-container', 'No such container: x');
  served.engine.failures.set('export', failure);
  expect((await served.ask('GET', '/containers/x/export')).status).toBe(404);
});

test('pull sends progress as JSON lines, merged for a client that is slower than the work', async () => {
  await using served = await serveFake();
  const path = '/images/create?fromImage=host%3A5000%2Fa%2Fb&tag=latest&platform=linux%2Famd64';
  const reply = await fetch(`http://tiffin${path}`, { unix: served.socketPath, method: 'POST' });
  const call = ['pull', 'host:5000/a/b:latest', 'linux/amd64', undefined];
  expect(served.engine.calls[0]).toEqual(call);
  expect((await reply.text()).split('\r\n')).toEqual([
    '{"status":"Pulling from starter","progressDetail":{},"id":"latest"}',
    '{"status":"Downloading","progressDetail":{"current":1000,"total":1000},"id":"ab"}',
    '',
  ]);
});

test('pull by digest joins with an at sign and hands the credentials over', async () => {
  await using served = await serveFake();
  const digest = `sha256:${'a'.repeat(64)}`;
  const auth = Buffer.from('{"username":"u","password":"p"}').toString('base64url');
  await fetch(`http://tiffin/images/create?fromImage=a&tag=${digest}`, {
    unix: served.socketPath,
    method: 'POST',
    headers: { 'X-Registry-Auth': auth },
  });
  expect(served.engine.calls[0]).toEqual([
    'pull',
    `a@${digest}`,
    undefined,
    { username: 'u', password: 'p' },
  ]);
});

test('pull that fails answers with a status before it is under way, and with a line after', async () => {
  await using served = await serveFake();
  const failure = new TiffinError('not-found', 'no-manifest', 'manifest unknown');
  served.engine.failures.set('pull', failure);
  expect((await served.ask('POST', '/images/create?fromImage=a')).status).toBe(404);
  served.engine.failures.clear();
  served.engine.failures.set('pull end', failure);
  const reply = await fetch('http://tiffin/images/create?fromImage=a', {
    unix: served.socketPath,
    method: 'POST',
  });
  expect(reply.status).toBe(200);
  const lines = (await reply.text()).trim().split('\r\n');
  expect(lines.at(0)).toBe('{"status":"Pulling from starter","progressDetail":{},"id":"latest"}');
  expect(lines.at(1)).toContain('"progressDetail":{"current":1000,"total":1000}');
  expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
    errorDetail: { message: 'manifest unknown' },
    error: 'manifest unknown',
  });
});

test('load streams the archive in, and a failure halfway is answered with a status', async () => {
  await using served = await serveFake();
  const send = () =>
    fetch('http://tiffin/images/load?quiet=1', {
      unix: served.socketPath,
      method: 'POST',
      body: new Uint8Array(8 * 1024 * 1024),
      headers: { 'Content-Type': 'application/x-tar' },
    });
  const loaded = await send();
  expect(await loaded.text()).toBe('{"stream":"Loaded image: starter:latest\\n"}\r\n');
  expect(served.engine.received).toBe(8 * 1024 * 1024);
  served.engine.failures.set('load chunk', new TiffinError('invalid', 'bad-tar', 'not a tar'));
  const refused = await send();
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ message: 'not a tar' });
});

test('load fails as cancelled when the client goes away halfway', async () => {
  await using served = await serveFake();
  const client = served.dial();
  client.send('POST /images/load HTTP/1.1\r\nHost: d\r\nContent-Length: 100000\r\n\r\nstart');
  await eventually(() => served.engine.received === 5);
  client.socket.destroy();
  await client.untilClosed();
  await eventually(() => served.engine.loadError instanceof TiffinError);
  expect(served.engine.loadError).toMatchObject({ class: 'cancelled' });
});

test('import takes the name from repo and tag, in both forms', async () => {
  await using served = await serveFake();
  const names = ['repo=h%3A1%2Fa%3Ab', 'repo=h%3A1%2Fa&tag=b', 'repo=h%3A1%2Fa'];
  const expected = [
    { repository: 'h:1/a', tag: 'b' },
    { repository: 'h:1/a', tag: 'b' },
    { repository: 'h:1/a', tag: '' },
  ];
  for (const [index, name] of names.entries()) {
    const path = `/images/create?fromSrc=-&${name}&changes=CMD%20a&changes=ENV%20b%3Dc`;
    expect((await served.ask('POST', path)).status).toBe(200);
    const call = served.engine.calls.filter(([what]) => what === 'import').at(-1);
    expect(call?.[1]).toMatchObject({ ...expected[index], changes: ['CMD a', 'ENV b=c'] });
  }
});
