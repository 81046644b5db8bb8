import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInMachine } from './machine.ts';

test('on Debian’s kernel with cgroup v2 alone: limits, devices, freezer, out of memory, network, runtime', async () => {
  const script = readFileSync(join(import.meta.dir, 'checks.sh'), 'utf8');
  const report = await runInMachine(script);
  if (report.failed.length > 0 || report.passed.length === 0) console.log(report.console);
  expect(report.failed).toEqual([]);
  expect(report.passed.length).toBe((script.match(/^check '/gm) ?? []).length);
}, 360_000);
