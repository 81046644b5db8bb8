import { expect, test } from 'bun:test';
import { TiffinError } from '../base/errors.ts';
import { serveFake } from './testing/served.ts';

/** Each request, the status it is answered with, and what the engine is asked. */
const table: readonly [request: string, status: number, call: unknown[]][] = [
  ['POST /containers/box/start', 204, ['start', 'box']],
  ['POST /containers/box/stop', 204, ['stop', 'box', undefined, undefined]],
  ['POST /containers/box/stop?t=3&signal=SIGINT', 204, ['stop', 'box', 3, 'SIGINT']],
  ['POST /containers/box/stop?t=-1', 204, ['stop', 'box', -1, undefined]],
  ['POST /containers/box/restart?t=0', 204, ['restart', 'box', 0, undefined]],
  ['POST /containers/box/kill', 204, ['kill', 'box', 'SIGKILL']],
  ['POST /containers/box/kill?signal=HUP', 204, ['kill', 'box', 'HUP']],
  ['POST /containers/box/pause', 204, ['pause', 'box']],
  ['POST /containers/box/unpause', 204, ['unpause', 'box']],
  ['POST /containers/box/rename?name=new', 204, ['rename', 'box', 'new']],
  ['POST /containers/box/resize?h=24&w=80', 200, ['resize', 'box', 24, 80]],
  ['POST /exec/e1/resize?h=1&w=2', 200, ['exec resize', 'e1', 1, 2]],
  ['GET /containers/box/top', 200, ['top', '-ef']],
  ['GET /containers/box/top?ps_args=aux', 200, ['top', 'aux']],
  ['DELETE /containers/box', 204, ['remove', 'box', { force: false, volumes: false }]],
  ['DELETE /containers/box?force=1&v=1', 204, ['remove', 'box', { force: true, volumes: true }]],
  ['POST /images/h:5000/a/tag?repo=b&tag=c', 201, ['tag', 'h:5000/a', 'b', 'c']],
  [
    'DELETE /images/a%2Fb?force=1',
    200,
    ['image remove', 'a/b', { force: true, noprune: false, platforms: [] }],
  ],
  ['GET /images/a/b/get', 200, ['save', ['a/b']]],
  ['GET /images/get?names=a,b&names=c', 200, ['save', ['a', 'b', 'c']]],
  ['DELETE /volumes/data?force=true', 204, ['volume remove', 'data', true]],
  ['DELETE /networks/net', 204, ['network remove', 'net']],
];

for (const [request, status, call] of table) {
  test(`${request} asks the engine and answers ${status}`, async () => {
    await using served = await serveFake();
    const [method = '', path = ''] = request.split(' ');
    expect((await served.ask(method, path)).status).toBe(status);
    expect(served.engine.calls).toContainEqual(call);
  });
}

/** Requests that are refused before the engine is asked. */
const refused: readonly [request: string, status: number, message: string][] = [
  ['POST /containers/box/stop?t=soon', 400, 'bad parameter: t=soon'],
  ['GET /containers/nobody/logs', 400, 'you must choose at least one stream'],
  ['POST /containers/box/resize?h=1', 400, 'h and w are required'],
  ['POST /containers/box/resize?h=1&w=70000', 400, 'from 0 to 65535'],
  ['POST /containers/box/attach?detachKeys=ctrl-nothing', 400, 'invalid detach keys'],
  ['POST /containers/box/exec', 400, 'got EOF while reading request body'],
  ['POST /containers/box/update', 400, 'got EOF while reading request body'],
  ['GET /containers/json?filters={"colour":["red"]}', 400, "invalid filter 'colour'"],
  ['POST /images/prune?filters={"reference":["a"]}', 400, "invalid filter 'reference'"],
  ['POST /images/create', 400, 'fromSrc is required'],
  ['POST /images/create?fromSrc=http://a/b', 501, 'an import from a URL is not supported'],
  ['GET /images/get', 400, 'names is required'],
  ['GET /system/df?type=dust', 400, 'unknown object type: dust'],
  ['POST /session', 501, 'the BuildKit protocol is not supported'],
  ['POST /services/create', 503, 'This node is not a swarm manager'],
  ['POST /nodes/x/update', 503, 'This node is not a swarm manager'],
  ['DELETE /secrets/x', 503, 'This node is not a swarm manager'],
  ['GET /tasks/x/logs', 503, 'This node is not a swarm manager'],
  ['POST /swarm/leave', 503, 'This node is not part of a swarm'],
  ['POST /swarm/init', 503, 'this engine has no swarm mode'],
  ['POST /grpc', 501, 'the BuildKit protocol is not supported'],
  ['POST /plugins/a/b/enable', 404, 'plugin "a/b" not found'],
  ['POST /plugins/pull?remote=x', 501, 'installing plugins is not supported'],
  ['POST /containers/box/start?detachKeys=ctrl-nothing', 400, 'invalid detach keys'],
  ['GET /plugins/a/b/json', 404, 'plugin "a/b" not found'],
];

for (const [request, status, message] of refused) {
  test(`${request} is refused with ${status}`, async () => {
    await using served = await serveFake();
    const [method = '', path = ''] = request.split(' ');
    const answer = await served.ask(method, path);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body).replaceAll('\\"', '"')).toContain(message);
    expect(served.engine.calls).toEqual([]);
  });
}

test('the state an object is in already is answered with 304 and no body', async () => {
  await using served = await serveFake();
  const error = new TiffinError('not-modified', 'already-started', 'it runs already');
  served.engine.failures.set('start', error);
  expect(await served.ask('POST', '/containers/box/start')).toEqual({ status: 304, body: '' });
});

test('system df answers only the kinds that were asked for', async () => {
  await using served = await serveFake();
  const { body } = await served.ask('GET', '/system/df?type=image&type=volume');
  expect(body).toMatchObject({ Containers: null, BuildCache: null, Images: [{}], Volumes: [{}] });
});

test('containers json hands options and filters to the engine', async () => {
  await using served = await serveFake();
  const filters = encodeURIComponent('{"status":{"exited":true}}');
  await served.ask('GET', `/containers/json?all=1&limit=-1&size=1&filters=${filters}`);
  const options = { all: true, limit: 0, size: true, filters: new Map([['status', ['exited']]]) };
  expect(served.engine.calls).toEqual([['list', options]]);
});

test('tiffin explain plans the body of a create', async () => {
  await using served = await serveFake();
  const { body } = await served.ask('POST', '/tiffin/explain', { Image: 'starter' });
  expect(body).toEqual({ Steps: [] });
  expect(served.engine.calls[0]?.[1]).toMatchObject({ Image: 'starter' });
});

test('a platform reaches the engine, as JSON and as words, and is refused when it is none', async () => {
  await using served = await serveFake();
  const json = encodeURIComponent(JSON.stringify({ os: 'linux', architecture: 's390x' }));
  const platform = { os: 'linux', architecture: 's390x' };
  for (const [way, words] of [
    ['GET', 'get?platform='],
    ['GET', 'history?platform='],
    ['GET', 'json?platform='],
  ] as const) {
    for (const text of [json, 'linux/s390x']) {
      await served.ask(way, `/images/starter/${words}${text}`);
      expect(served.engine.calls.at(-1)?.at(-1)).toEqual(platform);
    }
    expect((await served.ask(way, `/images/starter/${words}linux`)).status).toBe(400);
  }
  await served.ask('DELETE', `/images/starter?platforms=${json}&platforms=linux/arm64`);
  expect(served.engine.calls.at(-1)?.at(-1)).toMatchObject({
    platforms: [platform, { os: 'linux', architecture: 'arm64' }],
  });
  expect((await served.ask('POST', '/images/load?platform=x')).status).toBe(400);
});

test('create refuses a body that describes no container, and an environment without names', async () => {
  await using served = await serveFake();
  const empty = await served.ask('POST', '/containers/create', { HostConfig: {} });
  expect(empty).toMatchObject({
    status: 400,
    body: { message: 'config cannot be empty in order to create a container' },
  });
  const nameless = await served.ask('POST', '/containers/create', {
    Image: 'a',
    Env: ['A=b', '=x'],
  });
  expect(nameless).toMatchObject({ status: 400, body: { code: 'bad-environment' } });
  const network = await served.ask('POST', '/networks/create', { Name: 'host' });
  expect(network).toMatchObject({ status: 403, body: { code: 'predefined-network' } });
  expect(served.engine.calls).toEqual([]);
});

test('start refuses a body with a configuration, as Docker does since 1.24', async () => {
  await using served = await serveFake();
  const answer = await served.ask('POST', '/containers/box/start', { Binds: ['/:/host'] });
  expect(answer).toMatchObject({ status: 400, body: { code: 'start-with-body' } });
  expect((await served.ask('POST', '/containers/box/start', {})).status).toBe(204);
});

test('volumes prune of a client before 1.42 takes every volume', async () => {
  await using served = await serveFake();
  await served.ask('POST', '/v1.41/volumes/prune');
  await served.ask('POST', '/v1.42/volumes/prune');
  expect(served.engine.calls).toEqual([
    ['volume prune', new Map([['all', ['true']]])],
    ['volume prune', new Map()],
  ]);
});

test('answers to older versions have the shapes of those versions', async () => {
  await using served = await serveFake();
  const fields = async (path: string) => {
    const { body } = await served.ask('GET', path);
    const [object] = Array.isArray(body) ? body : [body];
    return new Map<string, unknown>(Object.entries(object));
  };
  expect((await fields('/v1.43/images/json')).has('VirtualSize')).toBe(true);
  expect((await fields('/v1.44/images/json')).has('VirtualSize')).toBe(false);
  expect((await fields('/v1.43/images/starter/json')).has('VirtualSize')).toBe(true);
  const config = (await fields('/v1.49/images/starter/json')).get('Config');
  expect(config).toMatchObject({ Hostname: '', AttachStdin: false, Cmd: ['sh'] });
  const latest = (await fields('/v1.50/images/starter/json')).get('Config');
  expect(latest).not.toHaveProperty('Hostname');
});
