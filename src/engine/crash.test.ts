/** The engine is killed at any time: whatever runs keeps running, and the next engine brings everything in line. */

import { expect, test } from 'bun:test';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { cgroupPaths } from '../cgroup/index.ts';
import { hostFacts } from '../host/facts.ts';
import { shell } from './testing/create-request.ts';
import { TestEngine } from './testing/test-engine.ts';

const ROUNDS = 8;
const churn = new URL('./testing/churn.ts', import.meta.url).pathname;
const never = new AbortController().signal;
const everything = { all: true, limit: 0, size: false, filters: new Map<string, string[]>() };

test('openEngine finds every container whole after its predecessors were killed at random moments', async () => {
  await using test = await TestEngine.open();
  const survivor = await test.start(shell('while true; do echo tick; sleep 0.05; done'));
  const pid = (await test.engine.containers.inspect(survivor, false)).State.Pid;
  await test.reopen(async () => {
    for (let round = 0; round < ROUNDS; round += 1) await churnAndKill(test.directory);
  });
  const { containers } = test.engine;
  const alive = await containers.inspect(survivor, false);
  expect(alive.State).toMatchObject({ Status: 'running', Pid: pid });
  expect((await test.exec(survivor, 'echo', 'still here')).stdout).toBe('still here\n');
  const summaries = await containers.list(everything);
  expect(summaries.map(({ State }) => State).filter((state) => !SETTLED.has(state))).toEqual([]);
  for (const { Id, State } of summaries) await checkWhole(test, Id, State);
  // Everything that was left can be used: started again, and removed.
  for (const { Id, State } of summaries) {
    if (State !== 'running') await containers.start(Id);
    await containers.remove(Id, { force: true, volumes: true });
    expect(cgroupsOf(Id)).toEqual([]);
  }
  expect(test.leftovers()).toEqual([]);
}, 60_000);

const SETTLED: ReadonlySet<string> = new Set(['created', 'running', 'exited']);

async function churnAndKill(directory: string): Promise<void> {
  const engine = Bun.spawn([process.execPath, churn, directory], { stdout: 'pipe' });
  await engine.stdout.getReader().read();
  // Not a wait for something: the moment of the kill is what is to be random.
  await wait(randomInt(5, 250));
  engine.kill('SIGKILL');
  await engine.exited;
}

/** A container that is said to run does, and one that is not said to has no process and no cgroup. */
async function checkWhole(test: TestEngine, id: string, state: string): Promise<void> {
  const { State } = await test.engine.containers.inspect(id, false);
  if (state === 'running' && existsSync(`/proc/${State.Pid}/stat`)) return;
  // One that was killed a moment before its engine may have ended since: the next engine is about to hear of it.
  if (state === 'running') await test.engine.containers.wait(id, 'not-running', never);
  expect(cgroupsOf(id)).toEqual([]);
}

function cgroupsOf(id: string): string[] {
  const { v1, v2 } = cgroupPaths(hostFacts(), `/tiffin/${id}`);
  return [...Object.values(v1), v2].filter((path) => path !== '' && existsSync(path));
}
