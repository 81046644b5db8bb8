/** How many containers a server keeps, against an engine that knows its containers only. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '../../client/client.ts';
import { Socket } from '../../client/socket.ts';
import { type FakeApi, fakeApi } from '../../testing/fake-api.ts';
import { Console } from './console.ts';
import { Containers } from './containers.ts';
import { History } from './history.ts';

interface Made {
  Id: string;
  State: string;
  Labels: Record<string, string>;
}

const MOST = 5;
let made: Made[] = [];
let ending = 'exited';
let api: FakeApi;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tiffin-cfs-'));
  mkdirSync(join(directory, 'images/Box'), { recursive: true });
  api = await fakeApi({
    answers: {
      'GET /containers/json': (_, response) => {
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify(made.toReversed()));
      },
      'GET /containers/': [200, { State: { ExitCode: 0 } }],
      'POST /containers/create': ({ body }, response) => {
        const Id = `engine-${made.length}-${body.length}-${crypto.randomUUID()}`;
        made.push({ Id, State: 'created', Labels: JSON.parse(body).Labels });
        response.end(JSON.stringify({ Id }));
      },
      'POST /containers/': ({ path }, response) => {
        const [, , id, verb] = path.split('/');
        const one = made.find(({ Id }) => Id === id);
        if (verb === 'start' && one !== undefined) one.State = ending;
        response.end(JSON.stringify({ StatusCode: 0 }));
      },
      'DELETE /containers/': ({ path }, response) => {
        made = made.filter(({ Id }) => !path.includes(Id));
        response.end();
      },
    },
  });
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

function containers(): Containers {
  made = [];
  return new Containers({
    client: new Client(() => Socket.connect(api.socket)),
    folder: join(directory, 'images'),
    history: new History(directory, crypto.randomUUID(), { entries: 100, bytes: 100_000 }),
    server: 'test',
    console: new Console(undefined),
    most: MOST,
  });
}

const request = { image: 'Box', argv: ['true'], command: 'true', wait: false };

test('Containers.run keeps no more than there is room for, also when many come at once', async () => {
  ending = 'exited';
  const some = containers();
  for (let round = 0; round < 4; round += 1) {
    await Promise.all(Array.from({ length: 4 }, () => some.run(request)));
    expect(made.length).toBeLessThanOrEqual(MOST);
  }
  expect(await some.list()).toHaveLength(MOST);
});

test('Containers.run refuses another container when all of them run', async () => {
  ending = 'running';
  const some = containers();
  for (let count = 0; count < MOST; count += 1) await some.run(request);
  await expect(some.run(request)).rejects.toMatchObject({
    status: 503,
    message: 'too many containers run',
  });
  expect(made).toHaveLength(MOST);
});
