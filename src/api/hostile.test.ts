import { expect, test } from 'bun:test';
import { routes } from './route-table.ts';
import { serveFake } from './testing/served.ts';

/** What takes the place of each path parameter. */
const names = ['box', '%00', '..%2F..', '__proto__', 'a'.repeat(5000), '%F0%9F%92%A9', '*'];

const queries = [
  't=abc&signal=%00',
  'filters=%7B%22__proto__%22%3A%5B1%5D%7D',
  'filters=%5B%5B%5B&h=1&w=-1',
  'condition=__proto__&since=1e9&stdout=1&tail=-1',
  'names=&fromImage=..%2F..%2F&tag=%0A',
  'fromSrc=-&repo=%3A%3A%2F&changes=%00&name=%00',
  'limit=99999999999999999999&type=constructor&stream=0&one-shot=1',
];

const bodies = [
  '',
  'null',
  '[]',
  '1',
  '{"Image":null,"HostConfig":{"Memory":"1"}}',
  '['.repeat(200_000),
  '{"Cmd":{"a":1},"Labels":[]}',
  '{"HostConfig":{"PortBindings":{"80/tcp":[null]}},"Env":[null]}',
  '{"HostConfig":{"Mounts":[null]},"IPAM":{"Config":[1]}}',
  '{"__proto__":{"Image":"a"},"constructor":1,"NetworkingConfig":{"EndpointsConfig":{"a":1}}}',
  '\u0000\uffff',
];

test('no route turns a hostile name, query or body into a defect', async () => {
  await using served = await serveFake();
  const wrong: string[] = [];
  let turn = 0;
  for (const [method, pattern] of routes) {
    for (const name of names) {
      const query = queries[turn % queries.length];
      const body = bodies[turn % bodies.length];
      turn++;
      const reply = await fetch(`http://tiffin${pattern.replace(/\{[^}]*\}/g, name)}?${query}`, {
        unix: served.socketPath,
        method,
        ...(method !== 'GET' && method !== 'HEAD' && { body }),
      });
      await reply.body?.cancel();
      if (reply.status === 500) wrong.push(`${method} ${pattern} ${name} ${query} ${body}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(served.defects).toEqual([]);
});
