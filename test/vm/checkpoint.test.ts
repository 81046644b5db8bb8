import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInMachine } from './machine.ts';

/** CRIU with what it calls, and what restore calls. */
const PROGRAMS = ['/usr/sbin/criu', '/bin/tar', '/bin/gzip', '/usr/bin/unshare'];

test('on Debian’s kernel: oci checkpoint and oci restore by CRIU', async () => {
  const script = readFileSync(join(import.meta.dir, 'checkpoint.sh'), 'utf8');
  const report = await runInMachine(script, PROGRAMS);
  if (report.failed.length > 0 || report.passed.length === 0) console.log(report.console);
  expect(report.failed).toEqual([]);
  expect(report.passed).toEqual(
    [...script.matchAll(/^check '([^']+)'/gm)].map(([, name]) => name ?? ''),
  );
}, 360_000);
