/** The remote API of docker 1.0 (version 1.12): what its routes and shapes became under the versions that are served, 1.24 on. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { TestEngine, until } from '../integration/harness.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await TestEngine.start();
});

afterAll(() => engine[Symbol.asyncDispose]());

interface Asked {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

async function ask(path: string, { method = 'GET', body, headers }: Asked = {}) {
  const answer = await fetch(`http://engine${path}`, {
    unix: engine.socket,
    method,
    headers: { 'Content-Type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  const type = answer.headers.get('content-type') ?? '';
  return {
    status: answer.status,
    type,
    bytes,
    text,
    get json() {
      return jsonOf(type, text);
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: shapes are what is tested
function jsonOf(type: string, text: string): any {
  return type === 'application/json' && text !== '' ? JSON.parse(text) : undefined;
}

test.each(['1.0', '1.12', '1.23'])(
  'clients of API version %s are told in plain text what to do, whatever they ask',
  async (version) => {
    const words = `client version ${version} is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version\n`;
    for (const path of ['/_ping', '/containers/json', '/no/such/page']) {
      const answer = await ask(`/v${version}${path}`);
      expect(answer).toMatchObject({ status: 400, text: words });
      expect(answer.type).toStartWith('text/plain');
    }
  },
);

test('a version that is newer is told so in JSON, as today’s clients show it', async () => {
  const answer = await ask('/v1.99/_ping');
  expect(answer.status).toBe(400);
  expect(answer.json.message).toBe(
    'client version 1.99 is too new. Maximum supported API version is 1.51',
  );
});

test.each([
  ['GET', '/containers/ps', 'use GET /containers/json'],
  ['POST', '/containers/x/copy', 'use GET /containers/{id}/archive?path=…'],
  ['GET', '/images/viz', 'use GET /images/{name}/history'],
  ['POST', '/images/starter/insert?url=u&path=p', 'build an image from a Dockerfile with ADD'],
] as const)('%s %s, gone before 1.24, names what to ask instead', async (method, path, hint) => {
  for (const prefix of ['', '/v1.24', '/v1.51']) {
    const answer = await ask(prefix + path, { method });
    expect(answer.status).toBe(404);
    expect(answer.json.message).toBe(
      `page not found: this route was removed before API version 1.24\nhint: ${hint}`,
    );
  }
});

test('OPTIONS answers no page of another site: there is no CORS', async () => {
  const answer = await ask('/containers/json', { method: 'OPTIONS' });
  expect(answer.status).toBe(404);
});

test.each(['', '/v1.24', '/v1.51'])(
  'create, start, logs, top, changes, kill, wait and remove answer as docker 1.0 had them, under %p',
  async (prefix) => {
    const post = (path: string, body?: unknown) => ask(prefix + path, { method: 'POST', body });
    const config = {
      Image: 'starter',
      Cmd: ['sh', '-c', 'echo out; echo err >&2; exec sleep 100'],
    };
    const made = await post('/containers/create?name=shape', config);
    expect(made).toMatchObject({ status: 201, json: { Id: expect.any(String), Warnings: [] } });
    const at = `/containers/${made.json.Id}`;
    expect((await post(`${at}/start`)).status).toBe(204);
    // Already running: 204 in 1.0, 304 since.
    expect((await post(`${at}/start`)).status).toBe(304);
    const top = await ask(`${prefix}${at}/top`);
    expect(top.json).toMatchObject({ Titles: expect.any(Array), Processes: [expect.any(Array)] });
    const errors = () => ask(`${prefix}${at}/logs?stderr=1`);
    await until('both lines are written', async () => (await errors()).text.includes('err'));
    expect((await post(`${at}/kill`)).status).toBe(204);
    expect(await post(`${at}/wait`)).toMatchObject({ status: 200, json: { StatusCode: 137 } });
    const logs = await ask(`${prefix}${at}/logs?stdout=1&stderr=1`);
    const frame = (stream: number, text: string) => [
      stream,
      0,
      0,
      0,
      0,
      0,
      0,
      text.length,
      ...Buffer.from(text),
    ];
    expect([...logs.bytes]).toEqual([...frame(1, 'out\n'), ...frame(2, 'err\n')]);
    expect(logs.type).toBe(
      prefix === '/v1.24'
        ? 'application/vnd.docker.raw-stream'
        : 'application/vnd.docker.multiplexed-stream',
    );
    const state = (await ask(`${prefix}${at}/json`)).json;
    expect(state).toMatchObject({
      Id: made.json.Id,
      Path: 'sh',
      Args: config.Cmd.slice(1),
      Name: '/shape',
      State: { Running: false, Paused: false, Pid: 0, ExitCode: 137 },
      NetworkSettings: expect.objectContaining({ Ports: {} }),
      ...Object.fromEntries(
        ['Created', 'ResolvConfPath', 'HostnamePath', 'HostsPath', 'Driver'].map((field) => [
          field,
          expect.any(String),
        ]),
      ),
    });
    expect((await ask(`${prefix}${at}/changes`)).json).toBeNull();
    expect((await ask(`${prefix}${at}?v=1&force=1`, { method: 'DELETE' })).status).toBe(204);
    expect((await ask(`${prefix}${at}/json`)).status).toBe(404);
  },
);

test('a start with the HostConfig of docker 1.0 in its body is refused, and says since when', async () => {
  const body = { Binds: ['/tmp:/x'], LxcConf: [{ Key: 'a', Value: 'b' }] };
  await engine.ok('create', '--name', 'body', 'starter', 'true');
  const answer = await ask('/v1.24/containers/body/start', { method: 'POST', body });
  expect(answer.status).toBe(400);
  expect(answer.json.message).toBe(
    'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
  );
});

test('containers/json takes since and before, images/json takes filter, as old clients send them', async () => {
  for (const name of ['first', 'second', 'third'])
    await engine.ok('create', '--name', name, 'starter');
  const names = async (query: string) => {
    const { json } = await ask(`/v1.24/containers/json?all=1&${query}`);
    return json.map(({ Names }: { Names: string[] }) => Names[0]);
  };
  expect(await names('since=first')).toEqual(['/third', '/second']);
  expect(await names('since=first&before=third')).toEqual(['/second']);
  expect(await names('limit=1')).toEqual(['/third']);
  const tags = async (version: string, filter: string) => {
    const { json } = await ask(`/v${version}/images/json?filter=${filter}`);
    return json.flatMap(({ RepoTags }: { RepoTags: string[] }) => RepoTags);
  };
  expect(await tags('1.24', 'starter')).toEqual(['starter:latest']);
  expect(await tags('1.24', 'nothing')).toEqual([]);
  expect(await tags('1.41', 'nothing')).toEqual(['starter:latest']);
});

test('events, info, version, search and history have the fields of docker 1.0 that still mean something', async () => {
  const { text } = await ask(
    `/v1.24/events?since=${Math.floor(Date.now() / 1000) - 600}&until=${Math.floor(Date.now() / 1000) + 1}`,
  );
  const [first] = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .filter(({ Type }) => Type === 'container');
  expect(first).toMatchObject({
    status: 'create',
    from: 'starter',
    id: expect.any(String),
    time: expect.any(Number),
  });
  const info = (await ask('/v1.24/info')).json;
  for (const field of ['Containers', 'Images', 'NFd', 'NGoroutines', 'NEventsListener'])
    expect(info[field]).toBeNumber();
  for (const field of ['MemoryLimit', 'SwapLimit', 'IPv4Forwarding', 'Debug'])
    expect(info[field]).toBeBoolean();
  expect(info).toMatchObject({
    Driver: 'overlay2',
    DriverStatus: expect.any(Array),
    IndexServerAddress: 'https://index.docker.io/v1/',
  });
  for (const field of ['ExecutionDriver', 'InitSha1', 'InitPath'])
    expect(info).not.toHaveProperty(field);
  expect((await ask('/version')).json).toMatchObject({
    ApiVersion: '1.51',
    MinAPIVersion: '1.24',
    Os: 'linux',
  });
  const [layer] = (await ask('/images/starter/history')).json;
  expect(layer).toMatchObject({
    Id: expect.any(String),
    Created: expect.any(Number),
    CreatedBy: expect.any(String),
  });
});

test('errors have the status of their kind: 404, 400, 409, and 406 is never one', async () => {
  expect((await ask('/containers/nobody/json')).status).toBe(404);
  expect((await ask('/images/nobody/json')).status).toBe(404);
  const wrong = await ask('/containers/create', { method: 'POST', body: { Image: 7 } });
  expect(wrong.status).toBe(400);
  await engine.ok('create', '--name', 'once', 'starter');
  const twice = await ask('/containers/create?name=once', {
    method: 'POST',
    body: { Image: 'starter' },
  });
  expect(twice.status).toBe(409);
  // 1.0 said 406 to an attach without a stream to write.
  expect((await ask('/containers/once/kill', { method: 'POST' })).status).toBe(409);
});
