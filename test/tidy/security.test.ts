/** docs/security.md names files and tests; they exist. */

import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
const ROWS = readFileSync(join(ROOT, 'docs/security.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| attack'));

test('docs/security.md: every defence and every test that a row names is there', () => {
  expect(ROWS.length).toBeGreaterThan(25);
  const missing: string[] = [];
  for (const row of ROWS) {
    const [attack = '', defence = '', tests = ''] = row
      .split('|')
      .slice(1)
      .map((cell) => cell.trim());
    const files = [...defence.matchAll(/`((?:src|shim)\/[^`]+)`/g)].map(([, file = '']) => file);
    if (files.length === 0) missing.push(`${attack}: no file`);
    missing.push(...files.filter((file) => !existsSync(join(ROOT, file))));
    for (const part of tests.split(';').filter((text) => text !== '')) {
      const file = /`([^`]+)`/.exec(part)?.[1] ?? '';
      if (!existsSync(join(ROOT, file))) {
        missing.push(file);
        continue;
      }
      const source = readFileSync(join(ROOT, file), 'utf8');
      for (const [, name = ''] of part.matchAll(/"([^"]+)"/g)) {
        if (!source.includes(name)) missing.push(`${file}: ${name}`);
      }
    }
  }
  expect(missing).toEqual([]);
});
