/**
 * Runs every test file, one group after the other, and ends with the table of conformance, if its groups ran, and one line that
 * counts them all.
 * Usage: bun tools/test.ts [GROUP …]; a group is a name below. Without one, all run but `clients`, which `make
 * test-clients` runs, because it installs them first.
 */

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { CONFORMANCE_GROUPS, printConformance } from './conformance-table.ts';

/** Groups in the order in which a failure tells most: pure code first, whole machines last. */
const groups: Readonly<Record<string, readonly string[]>> = {
  unit: ['src'],
  ...Object.fromEntries(
    readdirSync('test', { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && holdsTests(`test/${entry.name}`))
      .map((entry) => [entry.name, [`test/${entry.name}`]] as const),
  ),
};

const byDefault = Object.keys(groups).filter((name) => name !== 'clients');

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** A test that hangs must end the run with its name, not with the machine's patience. */
const testTimeoutMs = 120_000;

async function main(names: readonly string[]): Promise<number> {
  mkdirSync('build', { recursive: true });
  for (const file of names.flatMap(reportOf)) rmSync(file, { force: true });
  const total: Count = { passed: 0, failed: 0, skipped: 0 };
  let broken = false;
  for (const name of names) {
    const paths = groups[name];
    if (paths === undefined) {
      throw new Error(`no such group of tests: ${name} (${Object.keys(groups).join(', ')})`);
    }
    console.log(`\n== ${name}`);
    const { count, status } = await runGroup(paths, reportOf(name));
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped += count.skipped;
    if (status !== 0 || count.passed === 0) {
      broken = true;
      console.log(`== ${name}: ${count.passed === 0 ? 'no test ran' : `exit status ${status}`}`);
    }
  }
  const reports = names.flatMap(reportOf).filter((file) => existsSync(file));
  if (reports.length > 0) printConformance(reports);
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
  return broken || total.failed > 0 ? 1 : 0;
}

/** Where the cases of a group are written down for the table of conformance; of most groups nowhere. */
function reportOf(name: string): string[] {
  return CONFORMANCE_GROUPS.includes(name) ? [`build/${name}.xml`] : [];
}

function runGroup(
  paths: readonly string[],
  reports: readonly string[],
): Promise<{ count: Count; status: number }> {
  const reporter = reports.flatMap((file) => ['--reporter=junit', `--reporter-outfile=${file}`]);
  const argv = ['test', '--timeout', String(testTimeoutMs), ...reporter, ...paths];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'pipe'] });
  let tail = '';
  child.stderr.on('data', (chunk: Buffer) => {
    process.stderr.write(chunk);
    tail = (tail + chunk.toString()).slice(-4096);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      const count = {
        passed: last(tail, 'pass'),
        failed: last(tail, 'fail'),
        skipped: last(tail, 'skip'),
      };
      resolve({ count, status: status ?? 1 });
    });
  });
}

/** The number on the runner's closing line for a word, such as ` 12 pass`. */
function last(text: string, word: string): number {
  const line = text.split('\n').findLast((each) => each.trim().endsWith(` ${word}`));
  const count = Number.parseInt(line?.trim() ?? '0', 10);
  return Number.isNaN(count) ? 0 : count;
}

function holdsTests(directory: string): boolean {
  return readdirSync(directory, { recursive: true }).some((path) =>
    String(path).endsWith('.test.ts'),
  );
}

const given = process.argv.slice(2);
process.exitCode = await main(given.length > 0 ? given : byDefault);
