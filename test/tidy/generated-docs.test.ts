/** The pages that are written from tables of the source say what the tables say. */

import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedDocs } from '../../tools/generate-docs.ts';

const root = join(import.meta.dir, '../..');

test('docs: pages written by generatedDocs are up to date; otherwise run: bun tools/generate-docs.ts', async () => {
  const stale = [...(await generatedDocs())]
    .filter(([path, text]) => readFileSync(join(root, path), 'utf8') !== text)
    .map(([path]) => path);
  expect(stale).toEqual([]);
});

test('docs: generatedDocs knows what is refused and what is there', async () => {
  const api = (await generatedDocs()).get('docs/reference/api-coverage.md') ?? '';
  expect(api).toContain('| `POST /containers/create` | yes |');
  expect(api).toMatch(/\| `POST \/session` \| 501: the BuildKit protocol is not supported/);
  expect(api).toMatch(/\| `GET \/swarm` \| 503: This node is not a swarm manager \|/);
});
