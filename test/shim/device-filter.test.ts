/** The shim's device filter in the machine's own v2 hierarchy. */

import { expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deviceProgram } from '../../src/cgroup/device-program.ts';
import { deviceRules } from '../../src/cgroup/device-rules.ts';
import { gatherFacts } from '../../src/host/facts.ts';
import { encodePlan } from '../../src/plan/encode.ts';
import type { LinuxDeviceCgroup } from '../../src/spec/runtime/resources.ts';

const shim = join(import.meta.dir, '../../dist/shim');

test('device-filter: a second one takes the place of the first, wider and narrower', () => {
  const { cgroup, uid } = gatherFacts();
  if (uid !== 0 || cgroup.v2 === undefined) {
    console.log('left out: needs root and a v2 hierarchy');
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), 'tiffin-filter-'));
  const group = `${cgroup.v2}/tiffin-filter-${process.pid}`;
  const file = join(directory, 'plan');
  mkdirSync(group);
  const filter = (list: LinuxDeviceCgroup[]) => {
    const program = deviceProgram(deviceRules(list));
    const op = { op: 'device-filter', cgroup: group, program } as const;
    writeFileSync(file, encodePlan([{ stage: 'host', op, why: 'test' }]));
    expect(Bun.spawnSync([shim, 'run', file]).exitCode).toBe(0);
    const script = `echo 0 > ${group}/cgroup.procs; : < /dev/null && echo null; : < /dev/kmsg && echo kmsg`;
    const run = Bun.spawnSync(['bash', '-c', script], { stderr: 'ignore' });
    return run.stdout.toString().split('\n').slice(0, -1);
  };
  try {
    const kmsg = { allow: true, type: 'c', major: 1, minor: 11, access: 'r' };
    expect(filter([])).toEqual(['null']);
    expect(filter([kmsg])).toEqual(['null', 'kmsg']);
    expect(filter([])).toEqual(['null']);
  } finally {
    rmdirSync(group);
    rmSync(directory, { recursive: true });
  }
});
