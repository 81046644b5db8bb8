/** A git repository for builds to take their context from. */

import { join } from 'node:path';
import { must } from '../integration/harness.ts';

/** Commits all of a directory to its branch `main` and serves it on loopback: `http://127.0.0.1:<port>/.git`. */
export async function serveRepository(directory: string): Promise<Bun.Server<undefined>> {
  const git = (...args: string[]) =>
    must(['git', '-C', directory, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args]);
  await git('init', '-q', '-b', 'main');
  await git('add', '.');
  await git('commit', '-qm', 'first');
  await git('update-server-info');
  return Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) =>
      new Response(Bun.file(join(directory, new URL(request.url).pathname.slice(1)))),
    error: () => new Response('', { status: 404 }),
  });
}
