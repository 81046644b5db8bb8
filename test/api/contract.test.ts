/** Every route of Docker's description is asked of a real engine, and every answer is checked by that description. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ApiDescription, descriptionPath } from '../../src/api/testing/api-description.ts';
import { type Registry, startRegistry } from '../images/registry.ts';
import { TestEngine } from '../integration/harness.ts';
import { type Answer, ask, Dial, type Question } from './client.ts';

const description = ApiDescription.load();
if (description === undefined) {
  console.log(`answers are not compared with Docker's description: ${descriptionPath} is absent`);
}

let engine: TestEngine;
let registry: Registry;
/** `GET /containers/{id}/json 200`, for all that was asked. */
const asked = new Set<string>();

beforeAll(async () => {
  engine = await TestEngine.start();
  registry = await startRegistry({ directory: engine.directory, name: 'api', port: 18_581 });
});

afterAll(async () => {
  registry[Symbol.dispose]();
  await engine[Symbol.asyncDispose]();
});

/** Fields that Docker itself answers with null, or under names that it does not describe. */
const asInDocker =
  /\.(?:Cmd|Entrypoint|ExitCode|OomKillDisable|MemorySwappiness|Config\.Volumes|Labels|Links|Aliases|DNSNames|IPAM\.Options|RemoteManagers|[a-z_]+_recursive): null$/;
/** What this engine adds to errors, for its own client. */
const ours = /^\$\.(?:code|exitCode): unknown$/;

/** Asks, and checks status and shape. `path` is the described one; `{id}` and `{name}` in it become `target`. */
async function check(
  status: number,
  method: string,
  path: string,
  target = '',
  question: Question & { query?: string } = {},
): Promise<Answer> {
  const actual = path.replace(/\{(?:id|name)\}/, target);
  const answer = await ask(
    engine.socket,
    method,
    `/v1.51${actual}${question.query ?? ''}`,
    question,
  );
  judge(status, method, path, answer);
  return answer;
}

function judge(
  status: number,
  method: string,
  path: string,
  answer: Pick<Answer, 'status' | 'body'>,
) {
  const route = `${method} ${path}`;
  asked.add(route);
  const wanted = { route, status };
  expect({ route, status: answer.status, body: answer.body }).toMatchObject(wanted);
  if (method === 'HEAD') return;
  const found = description?.problems(method, path, status, answer.body) ?? [];
  const problems = found.filter((text) => !asInDocker.test(text) && !ours.test(text));
  expect({ route, problems }).toEqual({ route, problems: [] });
}

/** What is refused with a status that the description does not have for the route still has an error's shape. */
async function refused(status: number, method: string, path: string, question: Question = {}) {
  const answer = await ask(engine.socket, method, path, question);
  expect({ path, status: answer.status }).toEqual({ path, status });
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.body).toMatchObject({ message: expect.stringMatching(/./) });
}

const field = (answer: Answer, name: string): string =>
  String(new Map<string, unknown>(Object.entries(Object(answer.body))).get(name));

describe('contract', () => {
  test('the engine itself', async () => {
    expect((await check(200, 'GET', '/_ping')).body).toBe('OK');
    const head = await check(200, 'HEAD', '/_ping');
    expect(head.headers.get('builder-version')).toBe('1');
    expect(head.headers.get('api-version')).toBe('1.51');
    const { body } = await check(200, 'GET', '/version');
    expect(body).toMatchObject({ GitCommit: expect.stringMatching(/./) });
    expect(Date.parse(String(Object(body).BuildTime))).toBeGreaterThan(0);
    await check(200, 'GET', '/info');
    await check(200, 'GET', '/system/df');
    for (const type of ['container', 'image', 'volume', 'build-cache']) {
      const found = await ask(engine.socket, 'GET', `/system/df?type=${type}`);
      expect(found.status).toBe(200);
    }
    await refused(400, 'GET', '/system/df?type=dust');
    const login = { username: 'ann', password: 'x', serveraddress: registry.host };
    await check(200, 'POST', '/auth', '', { body: login });
  });

  test('containers from create to remove', async () => {
    const body = {
      Image: 'starter',
      Cmd: ['sh', '-c', 'echo out; echo err >&2; cat'],
      OpenStdin: true,
      Labels: { team: 'blue' },
      ExposedPorts: { '80/tcp': {} },
      HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1' }] }, Binds: ['vol:/data'] },
      Healthcheck: { Test: ['CMD', 'true'], Interval: 1e9 },
    };
    await check(404, 'POST', '/containers/create', '', { body: { ...body, Image: 'nothing:1' } });
    await check(400, 'POST', '/containers/create', '', { body: { Image: 7 } });
    const made = await check(201, 'POST', '/containers/create', '', { body, query: '?name=box' });
    const id = field(made, 'Id');
    await check(409, 'POST', '/containers/create', '', { body, query: '?name=box' });
    await check(200, 'GET', '/containers/{id}/json', 'box');
    await check(409, 'POST', '/containers/{id}/kill', 'box');
    await check(204, 'POST', '/containers/{id}/start', 'box');
    await check(304, 'POST', '/containers/{id}/start', id);
    await check(200, 'GET', '/containers/{id}/json', 'box', { query: '?size=1' });
    await check(200, 'GET', '/containers/json', '', { query: '?size=1' });
    await check(200, 'GET', '/containers/{id}/top', 'box');
    await check(200, 'GET', '/containers/{id}/top', 'box', { query: '?ps_args=aux' });
    await check(200, 'GET', '/containers/{id}/stats', 'box', { query: '?stream=0&one-shot=1' });
    await check(200, 'GET', '/containers/{id}/stats', 'box', { query: '?stream=0' });
    await check(200, 'GET', '/containers/{id}/logs', 'box', { query: '?stdout=1' });
    await check(200, 'GET', '/containers/{id}/changes', 'box');
    await check(200, 'GET', '/containers/{id}/export', 'box');
    await check(200, 'POST', '/containers/{id}/update', 'box', { body: { Memory: 256 << 20 } });
    await check(409, 'DELETE', '/containers/{id}', 'box');
    await check(204, 'POST', '/containers/{id}/pause', 'box');
    await check(204, 'POST', '/containers/{id}/unpause', 'box');
    await check(204, 'POST', '/containers/{id}/rename', 'box', { query: '?name=case' });
    await check(204, 'POST', '/containers/{id}/restart', 'case', { query: '?t=0' });
    await check(200, 'HEAD', '/containers/{id}/archive', 'case', { query: '?path=/etc' });
    const tar = await ask(engine.socket, 'GET', '/containers/case/archive?path=/etc/passwd');
    const archive = Buffer.from(String(tar.body), 'latin1');
    await check(200, 'GET', '/containers/{id}/archive', 'case', { query: '?path=/etc/passwd' });
    await check(404, 'GET', '/containers/{id}/archive', 'case', { query: '?path=/no' });
    await check(400, 'HEAD', '/containers/{id}/archive', 'case');
    await check(200, 'PUT', '/containers/{id}/archive', 'case', {
      body: archive,
      query: '?path=/',
    });
    await check(404, 'PUT', '/containers/{id}/archive', 'case', {
      body: archive,
      query: '?path=/no',
    });
    await check(204, 'POST', '/containers/{id}/stop', 'case', { query: '?t=0' });
    await check(304, 'POST', '/containers/{id}/stop', 'case');
    await check(200, 'POST', '/containers/{id}/wait', 'case');
    await check(400, 'POST', '/containers/{id}/wait', 'case', { query: '?condition=never' });
    await check(200, 'GET', '/containers/json', '', { query: '?all=1' });
    const commit = await check(201, 'POST', '/commit', '', {
      query: '?container=case&repo=made&tag=1',
      body: {},
    });
    await check(204, 'DELETE', '/containers/{id}', 'case', { query: '?v=1' });
    await check(200, 'DELETE', '/images/{name}', 'made:1');
    expect(field(commit, 'Id')).toStartWith('sha256:');
    await check(200, 'POST', '/containers/prune');
  });

  test('streams of a terminal: attach, web socket, exec, resize', async () => {
    const body = { Image: 'starter', Cmd: ['cat'], Tty: true, OpenStdin: true };
    await check(201, 'POST', '/containers/create', '', { body, query: '?name=term' });
    await check(204, 'POST', '/containers/{id}/start', 'term');
    await check(200, 'POST', '/containers/{id}/resize', 'term', { query: '?h=30&w=100' });
    const upgrade = ['Connection: Upgrade', 'Upgrade: tcp'];
    const attach = new Dial(engine.socket);
    const path = '/containers/term/attach?stream=1&stdin=1&stdout=1';
    await attach.request('POST', path, upgrade).until('\r\n\r\n');
    judge(101, 'POST', '/containers/{id}/attach', { status: 101, body: '' });
    expect(attach.seen).toStartWith('HTTP/1.1 101 UPGRADED');
    await attach.send('hello\n').until('hello\r\nhello\r\n');
    const socket = new Dial(engine.socket);
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
    const shake = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', key];
    const wsPath = '/containers/term/attach/ws?stream=1&stdout=1';
    await socket.request('GET', wsPath, shake).until('\r\n\r\n');
    judge(101, 'GET', '/containers/{id}/attach/ws', { status: 101, body: '' });
    attach.send('both\n');
    await socket.until('both\r\n');
    await check(400, 'GET', '/containers/{id}/attach/ws', 'term', { query: '?stream=1' });
    socket.socket.destroy();
    attach.socket.destroy();

    await check(400, 'POST', '/containers/{id}/attach', 'term', { query: '?detachKeys=ctrl-x-y' });
    const run = { Cmd: ['sh', '-c', 'sleep 0.2; exit 3'], AttachStdout: true };
    const exec = field(
      await check(201, 'POST', '/containers/{id}/exec', 'term', { body: run }),
      'Id',
    );
    await check(200, 'GET', '/exec/{id}/json', exec);
    await check(200, 'POST', '/exec/{id}/start', exec, { body: { Detach: true } });
    await check(409, 'POST', '/exec/{id}/start', exec, { body: { Detach: true } });
    const tty = { Cmd: ['cat'], AttachStdin: true, AttachStdout: true, Tty: true };
    const other = field(
      await check(201, 'POST', '/containers/{id}/exec', 'term', { body: tty }),
      'Id',
    );
    const stream = new Dial(engine.socket);
    await stream.request('POST', `/exec/${other}/start`, upgrade, '{"Tty":true}').until('\r\n\r\n');
    await check(200, 'POST', '/exec/{id}/resize', other, { query: '?h=20&w=70' });
    await check(400, 'POST', '/exec/{id}/resize', other, { query: '?h=x' });
    stream.send('\x04');
    await stream.untilEnd();
    expect((await check(200, 'GET', '/exec/{id}/json', other)).body).toMatchObject({ ExitCode: 0 });
    await check(204, 'POST', '/containers/{id}/kill', 'term');
    await check(409, 'POST', '/containers/{id}/exec', 'term', { body: run });
    await check(204, 'DELETE', '/containers/{id}', 'term', { query: '?force=1' });
  });

  test('images, from build to registry and back', async () => {
    await check(200, 'GET', '/images/json', '', { query: '?all=1&shared-size=1&digests=1' });
    await check(200, 'GET', '/images/{name}/json', 'starter');
    await check(200, 'GET', '/images/{name}/history', 'starter');
    const name = `${registry.host}/team/app`;
    await check(201, 'POST', '/images/{name}/tag', 'starter', { query: `?repo=${name}&tag=1` });
    await check(400, 'POST', '/images/{name}/tag', 'starter', { query: '?repo=Upper' });
    await check(200, 'POST', '/images/{name}/push', name, { query: '?tag=1' });
    await check(200, 'GET', '/distribution/{name}/json', `${name}:1`);
    const saved = await check(200, 'GET', '/images/{name}/get', `${name}:1`);
    await check(200, 'GET', '/images/get', '', { query: `?names=${name}:1` });
    await check(200, 'DELETE', '/images/{name}', `${name}:1`);
    const load = { body: Buffer.from(String(saved.body), 'latin1'), query: '?quiet=1' };
    await check(200, 'POST', '/images/load', '', load);
    await check(200, 'DELETE', '/images/{name}', `${name}:1`);
    await check(200, 'POST', '/images/create', '', { query: `?fromImage=${name}&tag=1` });
    await check(404, 'POST', '/images/create', '', { query: `?fromImage=${name}&tag=none` });
    await check(200, 'DELETE', '/images/{name}', `${name}:1`);
    const context = new Bun.Archive({ Dockerfile: 'FROM starter\nLABEL a=b\n' });
    const build = { body: new Uint8Array(await context.bytes()), query: '?t=built:1' };
    await check(200, 'POST', '/build', '', build);
    await check(400, 'POST', '/build', '', { ...build, query: '?t=Upper' });
    await check(200, 'GET', '/images/{name}/json', 'built:1');
    await check(200, 'DELETE', '/images/{name}', 'built:1');
    await check(200, 'POST', '/build/prune', '', { query: '?all=1' });
    await check(200, 'POST', '/images/prune');
    await refused(404, 'GET', '/images/no-such/json');
    await check(404, 'GET', '/images/{name}/json', 'no-such');
    await check(404, 'DELETE', '/images/{name}', 'no-such');
    // The protocol of Docker's search is older than this registry.
    await refused(503, 'GET', `/images/search?term=${registry.host}/app`);
    asked.add('GET /images/search');
  });

  test('networks and volumes', async () => {
    await check(200, 'GET', '/networks');
    const made = {
      Name: 'lan',
      IPAM: { Config: [{ Subnet: '10.231.7.0/24' }] },
      Labels: { a: 'b' },
    };
    await check(201, 'POST', '/networks/create', '', { body: made });
    await check(200, 'GET', '/networks/{id}', 'lan');
    await check(404, 'GET', '/networks/{id}', 'wan');
    await check(400, 'POST', '/networks/create', '', { body: { Name: '' } });
    await check(403, 'DELETE', '/networks/{id}', 'bridge');
    const body = { Image: 'starter', Cmd: ['sleep', '100'], HostConfig: { NetworkMode: 'lan' } };
    await check(201, 'POST', '/containers/create', '', { body, query: '?name=inside' });
    await check(204, 'POST', '/containers/{id}/start', 'inside');
    await check(200, 'GET', '/networks/{id}', 'lan');
    await check(200, 'GET', '/containers/{id}/json', 'inside');
    const place = { Container: 'placed', EndpointConfig: { Aliases: ['also'] } };
    const other = { Image: 'starter', HostConfig: { NetworkMode: 'bridge' } };
    await check(201, 'POST', '/containers/create', '', { body: other, query: '?name=placed' });
    await check(200, 'POST', '/networks/{id}/connect', 'lan', { body: place });
    await check(404, 'POST', '/networks/{id}/connect', 'lan', { body: { Container: 'nobody' } });
    await check(404, 'POST', '/networks/{id}/connect', 'wan', { body: place });
    await check(200, 'POST', '/networks/{id}/disconnect', 'lan', { body: { Container: 'placed' } });
    await check(404, 'POST', '/networks/{id}/disconnect', 'lan', { body: { Container: 'nobody' } });
    await check(204, 'DELETE', '/containers/{id}', 'placed');
    await check(403, 'DELETE', '/networks/{id}', 'lan');
    await check(204, 'DELETE', '/containers/{id}', 'inside', { query: '?force=1' });
    await check(204, 'DELETE', '/networks/{id}', 'lan');
    await check(200, 'POST', '/networks/prune');

    await check(201, 'POST', '/volumes/create', '', { body: { Name: 'vat', Labels: { a: 'b' } } });
    await check(200, 'GET', '/volumes');
    await check(200, 'GET', '/volumes/{name}', 'vat');
    await check(404, 'GET', '/volumes/{name}', 'tub');
    await check(503, 'PUT', '/volumes/{name}', 'vat', { body: {}, query: '?version=1' });
    const using = { Image: 'starter', HostConfig: { Binds: ['vat:/v'] } };
    await check(201, 'POST', '/containers/create', '', { body: using, query: '?name=holder' });
    await check(409, 'DELETE', '/volumes/{name}', 'vat');
    await check(204, 'DELETE', '/containers/{id}', 'holder');
    await check(204, 'DELETE', '/volumes/{name}', 'vat');
    await check(404, 'DELETE', '/volumes/{name}', 'vat');
    await check(200, 'POST', '/volumes/prune');
  });

  test('what a swarm, plugins and BuildKit would answer', async () => {
    for (const { method, path } of description?.routes() ?? []) {
      const isSwarm = /^\/(?:nodes|services|tasks|secrets|configs|swarm)(?:\/|$)/.test(path);
      if (isSwarm) await check(503, method, path, 'x', method === 'GET' ? {} : { body: {} });
    }
    expect((await check(200, 'GET', '/plugins')).body).toEqual([]);
    for (const [method, path] of [
      ['GET', '/plugins/{name}/json'],
      ['DELETE', '/plugins/{name}'],
      ['POST', '/plugins/{name}/enable'],
      ['POST', '/plugins/{name}/disable'],
      ['POST', '/plugins/{name}/upgrade'],
      ['POST', '/plugins/{name}/push'],
      ['POST', '/plugins/{name}/set'],
    ] as const) {
      await check(404, method, path, 'sshfs');
    }
    for (const [method, path] of [
      ['GET', '/plugins/privileges'],
      ['POST', '/plugins/pull'],
      ['POST', '/plugins/create'],
      ['POST', '/session'],
    ] as const) {
      await refused(501, method, path);
      asked.add(`${method} ${path}`);
    }
  });

  test('events of all that went before', async () => {
    const until = Math.ceil(Date.now() / 1000);
    const { body } = await ask(engine.socket, 'GET', `/events?since=1&until=${until}`);
    const lines = String(body).trim().split('\r\n');
    expect(lines.length).toBeGreaterThan(30);
    for (const kind of ['container', 'image', 'network', 'volume', 'builder']) {
      const prune = lines.find((line) => line.includes(`"Type":"${kind}","Action":"prune"`));
      expect(prune).toContain('"reclaimed":"');
    }
    asked.add('GET /events');
    // `status`, `id` and `from` are of older versions, and Docker sends them still.
    const old = /^\$\.(?:status|id|from): unknown$/;
    const problems = lines.flatMap((line) =>
      (description?.problems('GET', '/events', 200, JSON.parse(line)) ?? []).filter(
        (text) => !old.test(text),
      ),
    );
    expect(problems).toEqual([]);
    await check(400, 'GET', '/events', '', { query: '?since=soon' });
  });

  test('an unknown container is a 404 of Docker, wherever it is asked for', async () => {
    for (const { method, path } of description?.routes() ?? []) {
      if (!path.startsWith('/containers/{id}') && !path.startsWith('/exec/{id}')) continue;
      const query = '?path=/&name=x&h=1&w=1&stdout=1&condition=removed';
      const answer = await ask(engine.socket, method, path.replace('{id}', 'nobody') + query, {
        ...(method === 'POST' && { body: path.endsWith('/exec') ? { Cmd: ['x'] } : {} }),
        ...(method === 'PUT' && { body: new Uint8Array(1024) }),
      });
      if (path.endsWith('/ws')) continue;
      expect({ method, path, status: answer.status }).toEqual({ method, path, status: 404 });
      if (method === 'HEAD') continue;
      const kind = path.startsWith('/exec') ? 'No such exec instance' : 'No such container';
      expect(answer.body).toMatchObject({ message: `${kind}: nobody` });
    }
  });

  test('no route of the description was left out', () => {
    const left = (description?.routes() ?? [])
      .map(({ method, path }) => `${method} ${path}`)
      .filter((route) => !asked.has(route));
    expect(left).toEqual([]);
  });
});
