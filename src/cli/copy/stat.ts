/** What the engine says of a path in a container. */

import { ApiError, type Client, withQuery } from '../client/client.ts';
import type { ResponseHead } from '../client/http.ts';
import { CliError } from '../command.ts';

export interface PathStat {
  name: string;
  /** Bits of Go's os.FileMode. */
  mode: number;
  linkTarget: string;
}

const HEADER = 'x-docker-container-path-stat';

export async function statPath(client: Client, container: string, path: string): Promise<PathStat> {
  const response = await client
    .stream('HEAD', archiveTarget(container, path))
    .catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      // The answer to HEAD has no room for words.
      throw new ApiError(404, `Could not find the file ${path} in container ${container}`);
    });
  for await (const _nothing of response.body);
  return readStat(response);
}

export function archiveTarget(container: string, path: string): string {
  return withQuery(`/containers/${encodeURIComponent(container)}/archive`, { path });
}

export function readStat({ headers }: ResponseHead): PathStat {
  const text = headers.get(HEADER);
  if (text === undefined) throw new CliError('the engine told nothing of the path');
  return JSON.parse(Buffer.from(text, 'base64').toString()) as PathStat;
}

export function isGoDirectory({ mode }: PathStat): boolean {
  return mode >= 2 ** 31;
}

export function isGoLink({ mode }: PathStat): boolean {
  return Math.trunc(mode / 2 ** 27) % 2 === 1;
}
