/** Libraries are pinned: what was tested is what is built. */

import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
const read = (name: string) => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));

test('package.json names every library by an exact version, and package-lock.json holds a sum of each', () => {
  const { dependencies = {}, devDependencies = {} } = read('package.json');
  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^[0-9]+\.[0-9]+\.[0-9]+/.test(String(version)),
  );
  expect(loose).toEqual([]);
  const packages = Object.entries<{ integrity?: string }>(read('package-lock.json').packages);
  const unsummed = packages.filter(([path, { integrity }]) => path !== '' && !integrity);
  expect(unsummed.map(([path]) => path)).toEqual([]);
  expect(packages.length).toBeGreaterThan(10);
});
