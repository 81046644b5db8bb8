import { expect, test } from 'bun:test';
import { routes } from './route-table.ts';
import { Router } from './router.ts';
import { ApiDescription, descriptionPath } from './testing/api-description.ts';
import { serveFake } from './testing/served.ts';

const description = ApiDescription.load();
if (description === undefined) {
  console.log(`not compared with Docker's description of the API: ${descriptionPath} is absent`);
}

/** Questions whose whole answer is one JSON document. */
const questions: readonly [method: string, path: string, asked: string, body?: unknown][] = [
  ['GET', '/containers/json', '/containers/json'],
  ['POST', '/containers/create', '/containers/create', { Image: 'starter', Cmd: ['cat'] }],
  ['GET', '/containers/{id}/json', '/containers/box/json'],
  ['GET', '/containers/{id}/top', '/containers/box/top'],
  ['GET', '/containers/{id}/stats', '/containers/box/stats?stream=0&one-shot=1'],
  ['POST', '/containers/{id}/update', '/containers/box/update', { Memory: 1 << 30 }],
  ['POST', '/containers/prune', '/containers/prune'],
  ['POST', '/containers/{id}/exec', '/containers/box/exec', { Cmd: ['ls'] }],
  ['GET', '/exec/{id}/json', `/exec/${'e'.repeat(64)}/json`],
  ['GET', '/images/json', '/images/json'],
  ['GET', '/images/{name}/json', '/images/starter/json'],
  ['DELETE', '/images/{name}', '/images/starter'],
  ['POST', '/images/prune', '/images/prune'],
  ['GET', '/volumes', '/volumes'],
  ['POST', '/volumes/create', '/volumes/create', { Name: 'data' }],
  ['GET', '/volumes/{name}', '/volumes/data'],
  ['POST', '/volumes/prune', '/volumes/prune'],
  ['GET', '/networks', '/networks'],
  ['GET', '/networks/{id}', '/networks/bridge'],
  ['POST', '/networks/create', '/networks/create', { Name: 'net' }],
  ['POST', '/networks/prune', '/networks/prune'],
  ['POST', '/build/prune', '/build/prune'],
  ['GET', '/info', '/info'],
  ['GET', '/version', '/version'],
  ['GET', '/system/df', '/system/df'],
];

/** Fields that Docker itself answers with null, although it describes them otherwise. */
const nullInDocker =
  /\.(?:Cmd|Entrypoint|OomKillDisable|MemorySwappiness|Config\.Volumes|Labels|Links|Aliases|DNSNames|IPAM\.Options): null$/;

test('the JSON of every route is of the shape Docker describes', async () => {
  await using served = await serveFake();
  for (const [method, path, asked, body] of questions) {
    const answer = await served.ask(method, asked, body);
    const problems = description?.problems(method, path, answer.status, answer.body) ?? [];
    const ours = problems.filter((problem) => !nullInDocker.test(problem));
    expect({ route: `${method} ${path}`, ours }).toEqual({ route: `${method} ${path}`, ours: [] });
    expect(answer.status).toBeLessThan(300);
  }
});

test('a route stands in the table for every path Docker describes outside of swarm and plugins', () => {
  const router = new Router(routes);
  const elsewhere = /^\/(?:swarm|nodes|services|tasks|secrets|configs|plugins|session)/;
  const absent = (description?.routes() ?? []).filter(
    ({ method, path }) => !elsewhere.test(path) && router.find(method, path) === undefined,
  );
  expect(absent).toEqual([]);
});
