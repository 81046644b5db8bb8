import { afterAll, beforeAll, expect, test } from 'bun:test';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSeeds } from './seeds.ts';

const root = join(import.meta.dir, '../..');
const RUNS = 20_000;

let scratch: string;
let seeds: string[];
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tiffin-fuzz-'));
  seeds = writeSeeds(join(scratch, 'seeds'));
  const targets = ['../build/check-decode', '../build/fuzz-decode'];
  execFileSync('make', ['-s', '-C', join(root, 'shim'), ...targets]);
}, 120_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('plan_open and op_decode take every seed, every prefix and every changed byte without a fault', () => {
  const files = [...seeds];
  for (const [index, seed] of seeds.entries()) {
    const bytes = readFileSync(seed);
    // The plan of all operations has thousands of bytes: its pieces are seeds of their own.
    if (bytes.length > 300) continue;
    for (let at = 0; at < bytes.length; at += 5) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      for (const [name, content] of [
        ['cut', bytes.subarray(0, at)],
        ['changed', changed],
      ] as const) {
        const path = join(scratch, `${index}-${at}-${name}`);
        writeFileSync(path, content);
        files.push(path);
      }
    }
  }
  const result = spawnSync(join(root, 'build/check-decode'), files, { encoding: 'utf8' });
  expect(result.stderr).toBe('');
  expect(result.status).toBe(0);
});

test('libFuzzer finds no fault in the decoder and the account tables', () => {
  const result = spawnSync(
    join(root, 'build/fuzz-decode'),
    [`-runs=${RUNS}`, '-seed=7', '-max_len=8192', '-artifact_prefix=./', join(scratch, 'seeds')],
    { encoding: 'utf8', cwd: scratch },
  );
  expect(result.status, result.stderr.slice(-2000)).toBe(0);
  expect(result.stderr).toContain(`Done ${RUNS} runs`);
}, 120_000);
