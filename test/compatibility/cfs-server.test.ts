/** `tiffin cfs server` and `tiffin serve --cfs`: the REST interface of container from scratch, asked by curl as its README asks it. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { modeOf, run, TestEngine, tiffinBinary, until } from '../integration/harness.ts';
import { busyboxRoot } from './cfs-images.ts';

let engine: TestEngine;
let server: CfsServer;

/** One server process on a port of its own choice, with its history below the test's directory. */
class CfsServer {
  said = '';
  address = '';
  #process: ChildProcess | undefined;
  readonly #args: readonly string[];

  constructor(args: readonly string[]) {
    this.#args = args;
  }

  async start(): Promise<void> {
    this.said = '';
    const child = spawn(tiffinBinary, this.#args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    const listen = (chunk: Buffer) => {
      this.said += chunk.toString();
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    await until('the server says where it is', () => /running at: .*\n/.test(this.said));
    this.address = /running at: (.*)\n/.exec(this.said)?.[1] ?? '';
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#process;
    if (child === undefined) return null;
    const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
    child.kill(signal);
    return ended;
  }
}

interface Answer {
  status: number;
  type: string;
  text: string;
}

async function curl(path: string, ...args: string[]): Promise<Answer> {
  const format = '\n%{http_code} %{content_type}';
  const url = `http://${server.address}${path}`;
  const { stdout } = await run(['curl', '-s', '-g', '-w', format, ...args, url]);
  const at = stdout.lastIndexOf('\n');
  const [status = '', ...type] = stdout.slice(at + 1).split(' ');
  return { status: Number(status), type: type.join(' '), text: stdout.slice(0, at) };
}

async function post(body: object | string, ...args: string[]) {
  const data = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await curl('/run', '-X', 'POST', '-d', data, ...args);
  return { ...answer, json: JSON.parse(answer.text) as Record<string, unknown> };
}

async function containers(): Promise<Record<string, { state: string }>> {
  return JSON.parse((await curl('/containers')).text);
}

async function history(): Promise<{ id: string; state: string; image: string; command: string }[]> {
  return JSON.parse((await curl('/history')).text);
}

async function statesOf(id: unknown): Promise<string[]> {
  return (await history()).filter((entry) => entry.id === id).map(({ state }) => state);
}

function serverArgs(address: string): string[] {
  const { socket, directory } = engine;
  const places = ['--images', join(directory, 'OSimages'), '--state', join(directory, 'state')];
  return ['-H', `unix://${socket}`, 'cfs', 'server', '--listen', address, ...places];
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

beforeAll(async () => {
  engine = await TestEngine.start();
  busyboxRoot(join(engine.directory, 'OSimages/BusyBox'));
  server = new CfsServer(serverArgs(`127.0.0.1:${await freePort()}`));
  await server.start();
});
afterAll(async () => {
  await server.end('SIGTERM');
  await engine[Symbol.asyncDispose]();
});

test('cfs server says at / what it answers, with the curl examples', async () => {
  const { status, type, text } = await curl('/');
  expect(status).toBe(200);
  expect(type).toStartWith('text/plain');
  for (const line of [
    'METHODS: ',
    `(GET) ${server.address}/containers`,
    `(GET) ${server.address}/history`,
    `(POST) ${server.address}/run`,
    `curl -X POST -d '{"state":"run","image":"BusyBox","command":"pwd"}' http://${server.address}/run`,
    `curl -X POST -d '{"id":"<container id>","state":"stop"}' http://${server.address}/run`,
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});

test('cfs server begins with no containers and no history, in a directory that only its owner reads', async () => {
  expect(await curl('/containers')).toEqual({
    status: 200,
    type: 'application/json',
    text: '{}\n',
  });
  expect(await curl('/history')).toEqual({ status: 200, type: 'application/json', text: '[]\n' });
  expect(modeOf(join(engine.directory, 'state'))).toBe('700');
});

test('cfs server prints curl lines that work as they stand, with an id in the place of <container id>', async () => {
  const [start = '', stop = ''] = (await curl('/')).text
    .split('\n')
    .filter((line) => line.startsWith('curl '));
  const started = await run(['sh', '-c', start]);
  const { id, ...more } = JSON.parse(started.stdout);
  expect(more).toEqual({ state: 'Running', image: 'BusyBox', command: 'pwd' });
  const stopped = await run(['sh', '-c', stop.replace('<container id>', id)]);
  expect(JSON.parse(stopped.stdout)).toMatchObject({ id, state: 'Stopped', command: 'pwd' });
});

test('cfs server answers the curl examples of the README: run, list, stop', async () => {
  const example = { state: 'run', image: 'BusyBox', command: 'sleep 1000', id: 'sent along' };
  const { status, type, json } = await post(example);
  expect(status).toBe(200);
  expect(type).toBe('application/json');
  const { id } = json;
  expect(String(id)).toMatch(UUID);
  const running = { id, state: 'Running', image: 'BusyBox', command: 'sleep 1000' };
  expect(json).toEqual(running);
  expect(await containers()).toMatchObject({ [String(id)]: running });
  expect(await engine.ok('ps', '-q', '--filter', `name=cfs-${id}`)).not.toBe('');
  const stopped = await post({ id, state: 'stop' });
  expect(stopped.json).toEqual({ ...running, state: 'Stopped' });
  // Really stopped, and gone.
  expect(await engine.ok('ps', '-aq', '--filter', `name=cfs-${id}`)).toBe('');
  expect(Object.keys(await containers())).not.toContain(String(id));
  expect(await statesOf(id)).toEqual(['Running', 'Stopped']);
  expect(server.said).toContain(`{${id} Running BusyBox sleep 1000}\n`);
  expect(server.said).toContain(`{${id} Stopped BusyBox sleep 1000}\n`);
}, 60_000);

test('cfs server tells the truth of a container that ended by itself', async () => {
  const good = await post({ state: 'run', image: 'BusyBox', command: 'pwd' });
  expect(good.json).toMatchObject({ state: 'Running', command: 'pwd' });
  await until('pwd is over', async () => (await statesOf(good.json.id)).length === 2);
  expect(await statesOf(good.json.id)).toEqual(['Running', 'Stopped']);
  expect((await containers())[String(good.json.id)]).toMatchObject({ state: 'Stopped' });
  const bad = await post({ state: 'run', image: 'BusyBox', command: 'false' });
  await until('false is over', async () => (await statesOf(bad.json.id)).length === 2);
  expect((await containers())[String(bad.json.id)]).toMatchObject({ state: 'Stopped: ERROR' });
  expect(server.said).toContain('/\n');
});

test('cfs server answers a run with "wait" when the command has ended, with its exit code', async () => {
  const { json } = await post({
    state: 'run',
    image: 'BusyBox',
    command: 'sh -c "exit 7"',
    wait: true,
  });
  expect(json).toMatchObject({ state: 'Stopped: ERROR', exitCode: 7 });
  const good = await post({ state: 'run', image: 'BusyBox', command: ['true'], wait: true });
  expect(good.json).toMatchObject({ state: 'Stopped', exitCode: 0, command: 'true' });
});

test('cfs server splits a command as a shell does, and takes a list as it is', async () => {
  for (const command of [
    `sh -c 'echo "[$1]" "[$2]"' x 'a  b' c\\ d`,
    ['sh', '-c', 'echo "[$1]" "[$2]"', 'x', 'a  b', 'c d'],
  ]) {
    const { json } = await post({ state: 'run', image: 'BusyBox', command, wait: true });
    expect(json).toMatchObject({ state: 'Stopped' });
    const logs = await engine.tiffin(['logs', `cfs-${json.id}`]);
    expect(logs.stdout).toBe('[a  b] [c d]\n');
  }
});

test('cfs server answers 404 for a container that does not exist', async () => {
  const before = await history();
  const { status, type, json } = await post({ id: 'none', state: 'stop' });
  expect({ status, type }).toEqual({ status: 404, type: 'application/json' });
  expect(json.error).toBe("This container doesn't exist, check the Container ID");
  expect(await history()).toEqual(before);
});

test.each([
  [{ state: 'run', image: 'Nope', command: 'pwd' }, 404, 'no image Nope'],
  [{ state: 'run', image: '../BusyBox', command: 'pwd' }, 400, 'invalid image name'],
  [{ state: 'run', image: 'BusyBox', command: 'no-such-command' }, 400, 'not found'],
])(
  'cfs server answers a run that fails, %p, with %i and the state Stopped: ERROR',
  async (body, expected, words) => {
    const { status, json } = await post(body);
    expect(status).toBe(expected);
    expect(json.state).toBe('Stopped: ERROR');
    expect(String(json.error)).toContain(words);
    expect(await statesOf(json.id)).toEqual(['Stopped: ERROR']);
    expect(server.said).toContain('ERROR: Error starting the container: ');
    expect(Object.keys(await containers())).not.toContain(String(json.id));
  },
);

test.each([
  'garbage',
  '',
  '[]',
  '{}',
  '{"state":"RUN"}',
  '{"state":"stop"}',
  '{"state":"stop","id":7}',
  '{"state":"run"}',
  '{"state":"run","image":"BusyBox"}',
  '{"state":"run","image":"BusyBox","command":""}',
  '{"state":"run","image":"BusyBox","command":[]}',
  '{"state":"run","image":"BusyBox","command":["a",1]}',
  '{"state":"run","image":"BusyBox","command":"a \'b"}',
  '{"state":"run","image":"BusyBox","command":"a","wait":"yes"}',
  '{"__proto__":{"state":"run"},"image":"BusyBox"}',
])('cfs server answers the body %p with 400', async (body) => {
  const { status, type, json } = await post(body);
  expect({ status, type }).toEqual({ status: 400, type: 'application/json' });
  expect(typeof json.error).toBe('string');
});

test('cfs server answers a body beyond its bound with 413 and stays', async () => {
  const path = join(engine.directory, 'large');
  for (const mebibytes of [6, 40]) {
    await Bun.write(path, Buffer.alloc(mebibytes * 1024 * 1024, ' '));
    const answer = await curl('/run', '-X', 'POST', '--data-binary', `@${path}`);
    expect(answer.status).toBe(413);
  }
  expect((await curl('/containers')).status).toBe(200);
});

test.each([
  ['GET', '/run'],
  ['DELETE', '/containers'],
  ['GET', '/nope'],
  ['PUT', '/'],
])('cfs server answers %s %s with 404 page not found', async (method, path) => {
  const { status, type, text } = await curl(path, '-X', method);
  expect(status).toBe(404);
  expect(type).toStartWith('text/plain');
  expect(text).toBe('404 page not found\n');
});

test.each([
  'Host: rebound.example',
  'Host: 127.0.0.1.rebound.example:1337',
  'Origin: http://rebound.example',
  'Origin: null',
  'Origin: http://127.0.0.1:1',
  'Sec-Fetch-Site: cross-site',
])(
  'cfs server refuses what a page of another site makes a browser send: %s (CVE-2025-64443)',
  async (header) => {
    const before = Object.keys(await containers());
    const { status } = await post({ state: 'run', image: 'BusyBox', command: 'pwd' }, '-H', header);
    expect(status).toBe(403);
    expect(Object.keys(await containers())).toEqual(before);
  },
);

test('cfs server answers its own pages, and by the name localhost', async () => {
  const port = server.address.split(':')[1];
  expect((await curl('/history', '-H', `Origin: http://${server.address}`)).status).toBe(200);
  expect((await curl('/history', '-H', `Host: localhost:${port}`)).status).toBe(200);
});

test('cfs server prints nothing of a request that could pass for another line or steer a terminal', async () => {
  await post({
    state: 'run',
    image: 'BusyBox',
    command: ['true', 'a\nforged\u001b[2J'],
    wait: true,
  });
  expect(server.said).not.toContain('\nforged');
  expect(server.said).not.toContain('\u001b');
});

test.each([
  '0.0.0.0:1337',
  '192.0.2.1:1337',
  'example.com:80',
  '[::]:1337',
  '127.0.0.1',
  '127.0.0.1:x',
])('cfs server refuses to listen on %s', async (address) => {
  const { status, stderr } = await run([tiffinBinary, ...serverArgs(address)]);
  expect(status).toBe(125);
  expect(stderr).toMatch(/loopback|invalid address/);
});

test('cfs server says that its address is taken', async () => {
  const { status, stderr } = await run([tiffinBinary, ...serverArgs(server.address)]);
  expect(status).toBe(125);
  expect(stderr).toContain(`cannot listen on ${server.address}`);
});

test('cfs server closes a connection that says nothing of use', async () => {
  const [host, port] = server.address.split(':');
  const socket = createConnection(Number(port), host);
  const answer = new Promise<string>((done) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('close', () => done(text));
  });
  socket.write('rubbish\r\n\r\n');
  expect(await answer).toStartWith('HTTP/1.1 4');
});

test('cfs server keeps containers and history over kill -9, also of a torn history', async () => {
  const { json } = await post({ state: 'run', image: 'BusyBox', command: 'sleep 1000' });
  const short = await post({ state: 'run', image: 'BusyBox', command: 'sh -c "sleep 1; exit 4"' });
  const before = await history();
  await server.end('SIGKILL');
  await engine.tiffin(['wait', `cfs-${short.json.id}`]);
  const path = join(engine.directory, `state/history-${server.address.split(':')[1]}.jsonl`);
  const lines = readFileSync(path, 'utf8');
  expect(lines.trim().split('\n')).toHaveLength(before.length);
  await Bun.write(path, `${lines}{"id":"torn`);
  await server.start();
  const after = await history();
  expect(after.slice(0, before.length)).toEqual(before);
  expect(await statesOf(short.json.id)).toEqual(['Running', 'Stopped: ERROR']);
  expect((await containers())[String(json.id)]).toMatchObject({ state: 'Running' });
  expect((await post({ id: json.id, state: 'stop' })).json.state).toBe('Stopped');
  expect(await statesOf(json.id)).toEqual(['Running', 'Stopped']);
}, 60_000);

test('cfs server goes on when nobody reads any more what it prints', async () => {
  const port = await freePort();
  const line = serverArgs(`[::1]:${port}`);
  // The reader is gone after the banner; `$$` is the server, as the shell becomes it.
  const words = [tiffinBinary, ...line].map((word) => `'${word}'`).join(' ');
  const pid = join(engine.directory, 'pid');
  const child = spawn('sh', ['-c', `sh -c 'echo $$ > ${pid}; exec "$@"' sh ${words} | head -1`]);
  try {
    const url = `http://[::1]:${port}`;
    await until('it answers', async () => (await run(['curl', '-sfg', url])).status === 0);
    const body = '{"state":"run","image":"BusyBox","command":"pwd","wait":true}';
    for (let count = 0; count < 3; count += 1) {
      const { stdout } = await run(['curl', '-sg', '-d', body, `${url}/run`]);
      expect(JSON.parse(stdout)).toMatchObject({ state: 'Stopped', exitCode: 0 });
    }
  } finally {
    process.kill(Number(readFileSync(pid, 'utf8')), 'SIGTERM');
    await new Promise((done) => child.once('exit', done));
  }
});

test('cfs server notices what is removed behind its back', async () => {
  const { json } = await post({ state: 'run', image: 'BusyBox', command: 'sleep 1000' });
  await engine.ok('rm', '-f', `cfs-${json.id}`);
  expect(Object.keys(await containers())).not.toContain(String(json.id));
  expect((await statesOf(json.id)).at(-1)).toStartWith('Stopped');
  expect((await post({ id: json.id, state: 'stop' })).status).toBe(404);
});

test('serve --cfs answers the REST interface beside the API, from the engine that it starts', async () => {
  const directory = join(engine.directory, 'beside');
  const socket = `${directory}/s`;
  const roots = ['--data-root', `${directory}/data`, '--exec-root', `${directory}/run`];
  const places = ['-H', `unix://${socket}`, '--cfs-images', join(engine.directory, 'OSimages')];
  const port = await freePort();
  const args = ['serve', ...roots, ...places, '--cfs', `127.0.0.1:${port}`];
  const child = spawn(tiffinBinary, args, {
    env: { ...process.env, CFS_STATE: `${directory}/state` },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    const url = `http://127.0.0.1:${port}`;
    await until(
      'it answers',
      async () => (await run(['curl', '-sf', `${url}/history`])).status === 0,
    );
    const body = '{"state":"run","image":"BusyBox","command":"pwd","wait":true}';
    const { stdout } = await run(['curl', '-s', '-d', body, `${url}/run`]);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'Stopped', exitCode: 0 });
    const { id } = JSON.parse(stdout);
    const logs = await run([tiffinBinary, '-H', `unix://${socket}`, 'logs', `cfs-${id}`]);
    expect(logs.stdout).toBe('/\n');
    await run(['curl', '-s', '-d', JSON.stringify({ id, state: 'stop' }), `${url}/run`]);
  } finally {
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await ended;
  }
}, 60_000);

test.each([
  [['--cfs', '0.0.0.0:1337'], 'loopback'],
  [['--cfs', '127.0.0.1:1337', '-H', 'tcp://127.0.0.1:1'], 'needs the engine on a unix socket'],
])('serve %p is refused before the engine does anything', async (args, words) => {
  const roots = ['--data-root', `${engine.directory}/no`, '--exec-root', `${engine.directory}/no`];
  const { status, stderr } = await run([tiffinBinary, 'serve', ...roots, ...args]);
  expect(status).not.toBe(0);
  expect(stderr).toContain(words);
  expect((await run(['ls', `${engine.directory}/no`])).status).not.toBe(0);
});

/** One that nobody listens on just now. */
async function freePort(): Promise<number> {
  const free = new CfsServer(serverArgs('127.0.0.1:0'));
  await free.start();
  await free.end('SIGTERM');
  return Number(free.address.split(':')[1]);
}
