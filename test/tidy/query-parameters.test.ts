/** Every parameter of Docker's routes has a verdict, and routes look at those that are said to work. */

import { expect, test } from 'bun:test';
import { ApiDescription, descriptionPath } from '../../src/api/testing/api-description.ts';
import { readParameters } from '../../src/api/testing/read-parameters.ts';
import { queryExceptions, queryParameters } from '../../tools/query-parameters.ts';

const description = ApiDescription.load();
if (description === undefined) {
  console.log(
    `parameters are not compared with Docker's description: ${descriptionPath} is absent`,
  );
}

test('queryParameters names each parameter of the API description outside of swarm and plugins', () => {
  const elsewhere = /^\/(?:swarm|nodes|services|tasks|secrets|configs|plugins)/;
  const described = (description?.routes() ?? [])
    .filter(({ path, parameters }) => !elsewhere.test(path) && parameters.length > 0)
    .map(({ method, path, parameters }) => [`${method} ${path}`, parameters.join(' ')] as const);
  if (description !== undefined) expect(queryParameters).toEqual(described);
});

test('queryParameters: a route reads each parameter that has no verdict of its own', async () => {
  const unread: string[] = [];
  for (const [route, names] of queryParameters) {
    const [method = '', path = ''] = route.split(' ');
    const read = await readParameters(method, path);
    const exceptions = queryExceptions[route] ?? {};
    for (const name of names.split(' ')) {
      if (!read.has(name) && !Object.hasOwn(exceptions, name)) unread.push(`${route} ${name}`);
    }
  }
  expect(unread).toEqual([]);
});

test('queryExceptions are about parameters that exist', () => {
  const known = new Map(queryParameters);
  for (const [route, verdicts] of Object.entries(queryExceptions)) {
    const names = (known.get(route) ?? '').split(' ');
    expect({
      route,
      strange: Object.keys(verdicts).filter((name) => !names.includes(name)),
    }).toEqual({
      route,
      strange: [],
    });
  }
});
