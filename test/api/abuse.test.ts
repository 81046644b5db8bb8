/** Clients that vanish, race, clash and lie: docker's status, nothing left behind, an engine that lives. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostState, leftBehind, TestEngine, until } from '../integration/harness.ts';
import { ask, Dial } from './client.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await TestEngine.start();
  await engine.ok('run', '--rm', 'starter', 'true');
  await engine.ok('run', '-d', '--name', 'cat', '-i', 'starter', 'cat');
  await engine.ok('run', '-d', '--name', 'quiet', 'starter', 'sleep', '10000');
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const post = (path: string, body?: object) =>
  ask(engine.socket, 'POST', path, body === undefined ? {} : { body });
const get = (path: string) => ask(engine.socket, 'GET', path);
const remove = (path: string) => ask(engine.socket, 'DELETE', path);
const descriptors = () => readdirSync(`/proc/${engine.pid}/fd`).length;
const UPGRADE = ['Connection: Upgrade', 'Upgrade: tcp'];
const CHUNKED = ['Transfer-Encoding: chunked', 'Content-Type: application/x-tar'];

/** A registry that takes questions and never answers. */
async function silentRegistry() {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function newExec(): Promise<string> {
  const body = { Cmd: ['cat'], AttachStdin: true, AttachStdout: true };
  return String(Object((await post('/containers/quiet/exec', body)).body).Id);
}

test('a client that vanishes in the middle leaves no descriptor, listener or process', async () => {
  using silent = await silentRegistry();
  const begun: readonly (() => Promise<Dial> | Dial)[] = [
    () => dial('POST', '/containers/cat/attach?stream=1&stdin=1&stdout=1', UPGRADE),
    () => dial('POST', '/containers/cat/attach?stream=1&stdout=1', UPGRADE),
    () => dial('GET', '/containers/cat/logs?stdout=1&follow=1'),
    () => dial('GET', '/containers/cat/stats'),
    () => dial('GET', '/events'),
    () => dial('POST', '/containers/cat/wait'),
    async () => dial('POST', `/exec/${await newExec()}/start`, UPGRADE, '{}'),
    () => dial('POST', '/build', CHUNKED, '', '5\r\nhello\r\n'),
    () => dial('POST', '/images/load', CHUNKED, '', '5\r\nhello\r\n'),
    () => dial('PUT', '/containers/cat/archive?path=/', CHUNKED, '', '5\r\nhello\r\n'),
    () => dial('POST', `/images/create?fromImage=${silent.host}/a&tag=1`),
    () => dial('POST', '/containers/create', [], '', '', 'Content-Length: 500\r\n\r\n{"Ima'),
  ];
  const round = async () => {
    const clients = await Promise.all(begun.map((begin) => begin()));
    await get('/_ping');
    for (const { socket } of clients) socket.destroy();
  };
  const listeners = await listening();
  await round();
  await until('the first round is forgotten', () => settled(listeners));
  const before = descriptors();
  for (let count = 0; count < 10; count += 1) await round();
  await until('the rounds are forgotten', () => settled(listeners));
  await until(
    `descriptors fall back to ${before}, are ${descriptors()}`,
    () => descriptors() <= before,
  );
  expect((await get('/_ping')).status).toBe(200);
  expect(await engine.ok('exec', 'quiet', 'echo', 'alive')).toBe('alive');
});

/** Nobody listens, and no exec of a client that left runs on reading. */
async function settled(listeners: number): Promise<boolean> {
  const inspect = Object((await get('/containers/quiet/json')).body);
  return (await listening()) === listeners && inspect.ExecIDs === null;
}

async function listening(): Promise<number> {
  return Number(Object((await get('/info')).body).NEventsListener);
}

/** A question whose answer is not waited for. */
async function dial(
  method: string,
  path: string,
  headers: readonly string[] = [],
  body = '',
  more = '',
  rest = '',
): Promise<Dial> {
  const client = new Dial(engine.socket);
  if (rest !== '') return client.send(`${method} ${path} HTTP/1.1\r\nHost: d\r\n${rest}`);
  client.request(method, path, headers, body).send(more);
  const answersAtOnce = /attach|logs|stats|events|wait|start/.test(path);
  return answersAtOnce ? client.until('\r\n\r\n') : client;
}

test('two clients attached to one container both read it, and both are heard', async () => {
  const path = '/containers/cat/attach?stream=1&stdin=1&stdout=1';
  const one = await new Dial(engine.socket).request('POST', path, UPGRADE).until('\r\n\r\n');
  const two = await new Dial(engine.socket).request('POST', path, UPGRADE).until('\r\n\r\n');
  one.send('from one\n');
  await Promise.all([one.until('from one\n'), two.until('from one\n')]);
  two.send('from two\n');
  await Promise.all([one.until('from two\n'), two.until('from two\n')]);
  one.socket.destroy();
  two.send('still here\n');
  await two.until('still here\n');
  two.socket.destroy();
});

test('an attached client that does not read holds up its program, not the engine or its memory', async () => {
  await engine.ok('run', '-d', '--name', 'loud', '--log-driver', 'none', 'starter', 'yes');
  const path = '/containers/loud/attach?stream=1&stdout=1';
  const lazy = await new Dial(engine.socket).request('POST', path, UPGRADE).until('y\n');
  lazy.socket.pause();
  const resident = () => Number(/VmRSS:\s+(\d+)/.exec(statusOf(engine.pid))?.[1]);
  const before = resident();
  for (let count = 0; count < 20; count += 1)
    expect((await get('/containers/json')).status).toBe(200);
  expect(resident() - before).toBeLessThan(64 * 1024);
  lazy.socket.destroy();
  await engine.ok('rm', '-f', 'loud');
});

function statusOf(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, 'utf8');
}

test('eight clients that create, start, stop and remove one container are each answered as by docker', async () => {
  const before = await hostState();
  const allowed: Readonly<Record<string, readonly number[]>> = {
    create: [201, 409],
    start: [204, 304, 404, 409],
    stop: [204, 304, 404],
    remove: [204, 404, 409],
    kill: [204, 404, 409],
    inspect: [200, 404],
  };
  const verbs: Readonly<Record<string, () => Promise<{ status: number; body: unknown }>>> = {
    create: () => post('/containers/create?name=one', { Image: 'starter', Cmd: ['sleep', '1000'] }),
    start: () => post('/containers/one/start'),
    stop: () => post('/containers/one/stop?t=0'),
    kill: () => post('/containers/one/kill'),
    inspect: () => get('/containers/one/json'),
    remove: () => remove('/containers/one?force=1'),
  };
  const wrong: unknown[] = [];
  const names = Object.keys(verbs);
  await Promise.all(
    Array.from({ length: 8 }, async (_, client) => {
      for (let step = 0; step < 30; step += 1) {
        const name = names[(step * 7 + client * 5 + ((step * client) % 3)) % names.length] ?? '';
        const answer = await verbs[name]?.();
        if (!allowed[name]?.includes(answer?.status ?? 0)) wrong.push({ name, answer });
      }
    }),
  );
  expect(wrong).toEqual([]);
  await remove('/containers/one?force=1');
  expect((await get('/containers/one/json')).status).toBe(404);
  expect(await leftBehind(before)).toEqual([]);
});

test('of clients that want one name at the same time one gets it', async () => {
  const body = { Image: 'starter' };
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => post('/containers/create?name=wanted', body)),
  );
  const made = answers.filter(({ status }) => status === 201);
  expect(made).toHaveLength(1);
  for (const { status, body: said } of answers) {
    if (status === 201) continue;
    expect(status).toBe(409);
    expect(JSON.stringify(said)).toContain('is already in use by container');
  }
  expect((await post('/containers/cat/rename?name=wanted')).status).toBe(409);
  expect((await remove('/containers/wanted')).status).toBe(204);
  const networks = await Promise.all(
    Array.from({ length: 6 }, () => post('/networks/create', { Name: 'wanted' })),
  );
  expect(networks.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(networks.filter(({ status }) => status === 409)).toHaveLength(5);
  expect((await remove('/networks/wanted')).status).toBe(204);
});

test('what is in use is not removed, in the words of docker', async () => {
  const using = { Image: 'starter', HostConfig: { Binds: ['kept:/v'] } };
  await post('/containers/create?name=user', using);
  const cases: readonly [path: string, status: number, words: string][] = [
    ['/containers/cat', 409, 'container is running: stop the container before removing'],
    ['/images/starter', 409, 'conflict: unable to remove repository reference'],
    ['/volumes/kept', 409, 'volume is in use'],
    ['/networks/bridge', 403, 'bridge is a pre-defined network and cannot be removed'],
  ];
  for (const [path, status, words] of cases) {
    const answer = await remove(path);
    expect({ path, status: answer.status }).toEqual({ path, status });
    expect(JSON.stringify(answer.body)).toContain(words);
  }
  expect((await remove('/containers/user?v=1')).status).toBe(204);
  expect((await remove('/volumes/kept')).status).toBe(204);
});

test('bodies that lie are refused with 400 or 413, and the engine lives', async () => {
  const create = '/containers/create';
  const cases: readonly [sent: string, status: number][] = [
    ['{"Image":"starter","Cmd":7}', 400],
    ['{"Image":"starter","HostConfig":{"Memory":"1g"}}', 400],
    ['{"Image":"starter","HostConfig":{"Memory":1e999}}', 400],
    ['{"Image":"starter","Labels":{"a":1}}', 400],
    ['[1]', 400],
    ['"text"', 400],
    ['{"Image":"starter"', 400],
    ['\xff\xfe', 400],
    ['['.repeat(1_000_000), 400],
    ['{"a":'.repeat(100_000), 400],
    [`{"Image":"${'x'.repeat(5 << 20)}"}`, 413],
  ];
  for (const [sent, status] of cases) {
    const client = new Dial(engine.socket);
    client.request('POST', create, ['Connection: close'], sent);
    expect((await client.untilEnd()).slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
  }
  const odd = { Image: 'starter', Unknown: { a: [1] }, HostConfig: { AlsoUnknown: true } };
  const made = await post(`${create}?name=odd`, odd);
  expect(made.status).toBe(201);
  await remove('/containers/odd');
  const both = ['Content-Length: 5', 'Transfer-Encoding: chunked', 'Connection: close'];
  const smuggled = new Dial(engine.socket).request('POST', create, both).send('0\r\n\r\nGET');
  expect(await smuggled.untilEnd()).toStartWith('HTTP/1.1 400 ');
  expect((await get('/_ping')).body).toBe('OK');
  expect(engine.said).not.toContain('defect');
});

test('tiffin serve does not listen on TCP for everybody, and says what to do', async () => {
  const result = await engine.tiffin(['serve', '-H', 'tcp://0.0.0.0:2375']);
  expect(result.status).toBe(1);
  expect(result.stderr).toContain('refusing to listen on 0.0.0.0:2375 without --tlsverify');
});
