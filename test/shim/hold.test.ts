import { afterAll, beforeAll, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { encodePlan } from '../../src/plan/encode.ts';
import type { Stand } from './harness.ts';
import { isAlive, makeStand, step } from './harness.ts';

let stand: Stand;
beforeAll(async () => {
  stand = await makeStand();
});
afterAll(() => stand.close());

function startTime(pid: number): bigint {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return BigInt(text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? 0);
}

test('end-process ends the process of that start time, spares another, and takes an absent one for ended', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  const started = startTime(pid);
  const end = (time: bigint) =>
    stand.launcher.apply(encodePlan([step('host', { op: 'end-process', pid, startTime: time })]));
  expect(await end(started + 1n)).toMatchObject({ ok: true });
  expect(isAlive(pid)).toBe(true);
  const ended = once(child, 'exit');
  expect(await end(started)).toMatchObject({ ok: true });
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(await end(started)).toMatchObject({ ok: true });
});

test('shim hold ends with its caller, also when that has become another program, and refuses one that is not', async () => {
  const script = '"$0" hold $$ & echo $!; exec sleep 1000';
  const caller = spawn('sh', ['-c', script, stand.shim], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(caller.stdout, 'data');
  const holder = Number(String(line));
  // The shell has become `sleep` when its command line says so, and the holder is itself when it has its name.
  while (!readFileSync(`/proc/${caller.pid}/cmdline`, 'utf8').startsWith('sleep'))
    await Bun.sleep(1);
  while (readFileSync(`/proc/${holder}/comm`, 'utf8') !== 'tiffin-shim\n') await Bun.sleep(1);
  expect(isAlive(holder)).toBe(true);
  caller.kill('SIGKILL');
  while (isAlive(holder)) await Bun.sleep(1);
  const stranger = spawn(stand.shim, ['hold', '1'], { stdio: 'ignore' });
  expect(await once(stranger, 'exit')).toEqual([1, null]);
});
