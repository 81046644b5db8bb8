import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInMachine } from './machine.ts';
import { systemdGuest, systemdPrograms } from './systemd-guest.ts';

test('on Debian’s kernel under systemd: oci --systemd-cgroup makes, changes and ends units', async () => {
  const script = readFileSync(join(import.meta.dir, 'systemd.sh'), 'utf8');
  const report = await runInMachine(script, systemdPrograms, systemdGuest);
  if (report.failed.length > 0 || report.passed.length === 0) console.log(report.console);
  expect(report.failed).toEqual([]);
  // One life over each socket.
  const lives = (script.match(/^ {2}check "/gm) ?? []).length;
  expect(report.passed.length).toBe((script.match(/^check '/gm) ?? []).length + 2 * lives);
}, 360_000);
