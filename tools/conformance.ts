/** Runs the conformance tests and prints their table. Usage: bun tools/conformance.ts [PATH …]; RUNTIME as in test/conformance. */

import { mkdirSync } from 'node:fs';
import { CONFORMANCE_GROUPS, printConformance } from './conformance-table.ts';

const REPORT = 'build/conformance.xml';

async function main(paths: readonly string[]): Promise<number> {
  mkdirSync('build', { recursive: true });
  const reporter = ['--reporter=junit', `--reporter-outfile=${REPORT}`];
  const child = Bun.spawn(
    [process.execPath, 'test', '--timeout', '120000', ...reporter, ...paths],
    { stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' },
  );
  const status = await child.exited;
  printConformance([REPORT]);
  return status;
}

const given = process.argv.slice(2);
const all = CONFORMANCE_GROUPS.map((group) => `test/${group}`);
process.exitCode = await main(given.length > 0 ? given : all);
