import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInMachine } from './machine.ts';

/** In this order, in one machine. */
const scripts = ['checks.sh', 'runtime.sh', 'rootless.sh'];

test('on Debian’s kernel with cgroup v2 alone: limits, devices, freezer, out of memory, network, runtime, rootless', async () => {
  const script = scripts
    .map((name) => readFileSync(join(import.meta.dir, name), 'utf8'))
    .join('\n');
  const report = await runInMachine(script);
  if (report.failed.length > 0 || report.passed.length === 0) console.log(report.console);
  expect(report.failed).toEqual([]);
  expect(report.passed.length).toBe((script.match(/^check '/gm) ?? []).length);
}, 360_000);
