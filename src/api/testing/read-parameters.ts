/** Which query parameters a route looks at: its handler is run over an engine in memory, with questions that lead into each of its branches. */

import type { Call } from '../call.ts';
import { Query } from '../query.ts';
import { routes } from '../route-table.ts';
import { PathParameters, Router } from '../router.ts';
import { FakeEngine } from './fake-engine.ts';

/** A query that remembers what it was asked for. */
class WatchedQuery extends Query {
  readonly asked = new Set<string>();

  override text(name: string): string | undefined {
    this.asked.add(name);
    return super.text(name);
  }

  override all(name: string): string[] {
    this.asked.add(name);
    return super.all(name);
  }
}

const QUESTIONS: readonly string[] = [
  '',
  'stdout=1&stderr=1&h=1&w=1&path=/&name=x&names=x&term=x&repo=x&container=box&fromImage=x&stream=0',
  'fromSrc=-&one-shot=1&stream=0',
  'fromImage=x&repo=x',
];

export async function readParameters(method: string, path: string): Promise<ReadonlySet<string>> {
  const asked = new Set<string>();
  const match = new Router(routes).find(method, path.replace('{id}', 'box').replace('{name}', 'a'));
  for (const question of match === undefined ? [] : QUESTIONS) {
    const query = new WatchedQuery(question);
    const path = new PathParameters();
    path.set('id', 'box');
    path.set('name', 'starter');
    const call: Call = {
      engine: new FakeEngine(),
      path,
      query,
      header: (name) => (name === 'upgrade' ? 'websocket' : HEADERS.get(name)),
      body: { json: async () => ({ Image: 'a', Cmd: ['a'] }), async *stream() {} },
      signal: AbortSignal.abort(),
      requireInput: () => undefined,
      version: 51,
    };
    // A refusal says no less about what was looked at.
    await Promise.resolve()
      .then(() => match?.handler(call))
      .catch(() => undefined);
    for (const name of query.asked) asked.add(name);
  }
  return asked;
}

const HEADERS: ReadonlyMap<string, string> = new Map([
  ['sec-websocket-version', '13'],
  ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
]);
