/** A container's process that another program leaves behind: shim/adopt.c. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePlan } from '../../src/plan/encode.ts';
import type { Stand } from './harness.ts';
import { hierarchies, isAlive, makeStand, step, supervise } from './harness.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await makeStand();
});
afterAll(() => stand.close());

const FOREGROUND = 1;

/** The unified hierarchy's directory of this process, which children share. */
function ownGroup(): string {
  const path = /^0::(\/.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '';
  return join(hierarchies.find(({ unified }) => unified)?.root ?? '', path);
}

/** Runs `script` by `adopt`, with the pid file as $0, and gives what the shim ended with. */
function adopt(script: string, cgroup = '') {
  const file = (name: string) => join(stand.scratch, name);
  const args = ['/bin/sh', '-c', script, file('pid')];
  const env = ['PATH=/usr/bin:/bin', `NOTE=${file('note')}`];
  const plan = [
    step('host', supervise('', { mode: FOREGROUND, stdin: 3 })),
    step('host', { op: 'adopt', args, env, pidFile: file('pid'), cgroup, log: '' }),
    step('beside', { op: 'process-file', path: file('process') }),
    step('teardown', { op: 'unlink', path: file('note') }),
  ];
  writeFileSync(file('note'), '');
  writeFileSync(file('adopt'), encodePlan(plan), { mode: 0o600 });
  const { exitCode, stderr } = Bun.spawnSync([stand.shim, 'run', file('adopt')]);
  const leftOver = ['pid', 'note'].filter((name) => existsSync(file(name)));
  return { status: exitCode, stderr: stderr.toString(), leftOver };
}

/** Leaves a process that ends with 9 once the program itself has been waited for: a shell would take its child along. */
const LEAVE = 'sh -c "while [ -d /proc/$$ ]; do sleep 0.01; done; exit 9" & echo $! > "$0"';

test('adopt makes the process that a program leaves its own, ends with its status, and then tears down', () => {
  expect(adopt(LEAVE)).toEqual({ status: 9, stderr: '', leftOver: [] });
  const [pid = ''] = readFileSync(join(stand.scratch, 'process'), 'utf8').split(' ');
  expect(isAlive(Number(pid))).toBe(false);
});

test('adopt fails with its program, without a pid, with somebody else’s, and outside of its cgroup, and tears down', () => {
  expect(adopt('exit 3')).toMatchObject({ status: 1, leftOver: [] });
  expect(adopt('exit 3').stderr).toContain('/bin/sh: Operation canceled');
  expect(adopt(':').stderr).toContain('No such process');
  const gone = 'sh -c "exit 7" & echo $! > "$0"; wait $!; exit 0';
  expect(adopt(gone).stderr).toContain('No such process');
  expect(adopt(`echo ${process.pid} > "$0"`).stderr).toContain('No such process');
  const outside = adopt('sleep 1000 & echo $! > "$0"; cp "$0" "$NOTE.pid"', '/no/such');
  expect(outside).toMatchObject({ status: 1, leftOver: [] });
  expect(isAlive(Number(readFileSync(join(stand.scratch, 'note.pid'), 'utf8')))).toBe(false);
  expect(adopt(LEAVE, ownGroup())).toMatchObject({ status: 9 });
});
