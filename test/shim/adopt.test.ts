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

const LEAVE = 'sh -c "while [ -s \\$NOTE ]; do sleep 0.02; done; exit 9" & echo $! > "$0"';

test('adopt makes the process that a program leaves its own, ends with its status, and then tears down', () => {
  const note = 'echo wait > "$NOTE"';
  const later = '(sleep 0.2; : > "$NOTE") &';
  expect(adopt(`${note}; ${LEAVE}; ${later}`)).toEqual({ status: 9, stderr: '', leftOver: [] });
  const [pid = ''] = readFileSync(join(stand.scratch, 'process'), 'utf8').split(' ');
  expect(isAlive(Number(pid))).toBe(false);
});

test('adopt takes a process that has ended already', () => {
  const { status } = adopt('sh -c "exit 7" & echo $! > "$0"; wait $! 2>/dev/null; exit 0');
  // Its parent has waited for it: nobody is left to tell of it.
  expect(status).toBe(1);
  expect(adopt('sh -c "exit 7" & echo $! > "$0"')).toMatchObject({ status: 7, leftOver: [] });
});

test('adopt fails with its program, without a pid, with somebody else’s, and outside of its cgroup, and tears down', () => {
  expect(adopt('exit 3')).toMatchObject({ status: 1, leftOver: [] });
  expect(adopt('exit 3').stderr).toContain('/bin/sh: Operation canceled');
  expect(adopt(':').stderr).toContain('No such process');
  expect(adopt(`echo ${process.pid} > "$0"`).stderr).toContain('No such process');
  const outside = adopt('sleep 1000 & echo $! > "$0"; cp "$0" "$NOTE.pid"', '/no/such');
  expect(outside).toMatchObject({ status: 1, leftOver: [] });
  expect(isAlive(Number(readFileSync(join(stand.scratch, 'note.pid'), 'utf8')))).toBe(false);
  expect(adopt('sh -c "exit 4" & echo $! > "$0"', ownGroup())).toMatchObject({ status: 4 });
});
