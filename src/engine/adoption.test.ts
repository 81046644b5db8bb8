/** What the next engine finds. */

import { expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { EngineEvent } from '../spec/docker.ts';
import { openEngine } from './index.ts';
import { shell } from './testing/create-request.ts';
import { rootsIn, TestEngine } from './testing/test-engine.ts';
import { nowNs } from './time.ts';

const NEVER = new AbortController().signal;

test('openEngine adopts what runs, with its log, and hears of its end', async () => {
  await using test = await TestEngine.open();
  const id = await test.start(
    shell('echo before; while [ ! -e /go ]; do sleep 0.01; done; echo after; exit 9'),
  );
  await test.reopen();
  expect((await test.engine.containers.inspect(id, false)).State.Status).toBe('running');
  const exit = test.engine.containers.wait(id, 'next-exit', NEVER);
  await test.exec(id, 'touch', '/go');
  expect(await exit).toEqual({ StatusCode: 9 });
  expect(await test.logs(id)).toBe('before\nafter\n');
});

test('openEngine adopts a paused container as paused', async () => {
  await using test = await TestEngine.open();
  const id = await test.start({ Cmd: ['sleep', '1000'] });
  await test.engine.containers.pause(id);
  await test.reopen();
  expect((await test.engine.containers.inspect(id, false)).State.Status).toBe('paused');
  await test.engine.containers.unpause(id);
  expect((await test.exec(id, 'echo', 'thawed')).stdout).toBe('thawed\n');
});

test('openEngine records the end of a container that ended while no engine ran', async () => {
  await using test = await TestEngine.open();
  const id = await test.start(shell('while [ ! -e /data/go ]; do sleep 0.01; done; exit 4'), {
    Binds: ['gate:/data'],
  });
  const removed = await test.start(shell('while [ ! -e /data/go ]; do sleep 0.01; done'), {
    Binds: ['gate:/data'],
    AutoRemove: true,
  });
  const { Mountpoint } = await test.engine.volumes.inspect('gate');
  await test.reopen(async () => {
    await Bun.write(`${Mountpoint}/go`, '');
    for (const one of [id, removed]) await exists(`${test.execRoot}/containers/${one}/exit`);
  });
  const { State } = await test.engine.containers.inspect(id, false);
  expect(State).toMatchObject({ Status: 'exited', ExitCode: 4, Pid: 0 });
  await expect(test.engine.containers.inspect(removed, false)).rejects.toThrow('No such container');
  await test.engine.containers.remove(id, { force: false, volumes: true });
  expect(test.leftovers()).toEqual([]);
});

test('openEngine starts again what its policy says, and leaves alone what was stopped by hand', async () => {
  await using test = await TestEngine.open();
  const sleep = { Cmd: ['sleep', '1000'] };
  const policy = (Name: 'always' | 'unless-stopped' | 'no') => ({
    RestartPolicy: { Name, MaximumRetryCount: 0 },
  });
  const always = await test.start(sleep, policy('always'));
  const stopped = await test.start(sleep, policy('unless-stopped'));
  const plain = await test.start(sleep, policy('no'));
  const never = await test.create(sleep, policy('always'));
  for (const id of [always, stopped, plain]) await test.engine.containers.stop(id, 0, undefined);
  const sinceNs = nowNs();
  await test.reopen();
  await untilEvent(test, always, 'start', sinceNs);
  const status = async (id: string) =>
    (await test.engine.containers.inspect(id, false)).State.Status;
  expect(await status(always)).toBe('running');
  expect(await status(stopped)).toBe('exited');
  expect(await status(plain)).toBe('exited');
  expect(await status(never)).toBe('created');
});

test('a container whose monitor is killed ends with status 255 and leaves nothing', async () => {
  await using test = await TestEngine.open();
  const id = await test.start({ Cmd: ['sleep', '1000'] }, { NetworkMode: 'bridge' });
  const { State } = await test.engine.containers.inspect(id, false);
  const stat = await Bun.file(`/proc/${State.Pid}/stat`).text();
  const monitor = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  const exit = test.engine.containers.wait(id, 'next-exit', NEVER);
  process.kill(monitor, 'SIGKILL');
  expect((await exit).StatusCode).toBe(255);
  expect(isAlive(State.Pid)).toBe(false);
  expect(existsSync(`${test.execRoot}/containers/${id}`)).toBe(false);
  await test.engine.containers.start(id);
  expect((await test.exec(id, 'echo', 'again')).stdout).toBe('again\n');
});

test('a launcher that is killed is started anew, and running containers do not notice', async () => {
  await using test = await TestEngine.open();
  const before = await test.start({ Cmd: ['sleep', '1000'] });
  const [launcher = 0] = launchersOf(test.execRoot);
  process.kill(launcher, 'SIGKILL');
  await vanished(launcher);
  const after = await test.start({ Cmd: ['sleep', '1000'] });
  for (const id of [before, after]) {
    expect((await test.exec(id, 'echo', 'here')).stdout).toBe('here\n');
  }
});

test('openEngine refuses a data root that another engine uses', async () => {
  await using test = await TestEngine.open();
  await expect(openEngine(rootsIn(test.directory))).rejects.toThrow(
    `another engine (pid ${process.pid}) uses the data root ${test.dataRoot}`,
  );
});

test('a restart policy starts a failing container again, slower each time, and gives up', async () => {
  await using test = await TestEngine.open();
  const id = await test.create(shell('echo once more; exit 1'), {
    RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 },
  });
  const times: number[] = [];
  const enough = new AbortController();
  const watching = (async () => {
    const all = { filters: new Map([['container', [id]]]), signal: enough.signal };
    for await (const event of test.engine.system.events(all)) {
      if (event.Action === 'start') times.push(Number(event.timeNano / 1_000_000n));
      if (event.Action === 'die' && times.length === 3) enough.abort();
    }
  })();
  await test.engine.containers.start(id);
  await watching;
  const { State, RestartCount } = await test.engine.containers.inspect(id, false);
  expect(State).toMatchObject({ Status: 'exited', ExitCode: 1 });
  expect(RestartCount).toBe(2);
  const [first = 0, second = 0, third = 0] = times;
  expect(second - first).toBeGreaterThanOrEqual(100);
  expect(third - second).toBeGreaterThanOrEqual(200);
  expect(await test.logs(id)).toBe('once more\n'.repeat(3));
});

function launchersOf(execRoot: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name) && isAlive(Number(name)))
    .filter((pid) => commandOf(pid).endsWith(`launcher\0${execRoot}/launcher.sock\0`))
    .map(Number);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

async function vanished(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}`)) await wait(1);
}

/** Whoever inherits a killed process may leave it a zombie for a while. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !'ZX'.includes(stat[stat.lastIndexOf(')') + 2] ?? 'X');
  } catch {
    return false;
  }
}

/** The event may be in the past already. */
async function untilEvent(
  test: TestEngine,
  id: string,
  action: string,
  sinceNs: bigint,
): Promise<EngineEvent> {
  const filters = new Map([
    ['container', [id]],
    ['event', [action]],
  ]);
  for await (const event of test.engine.system.events({ sinceNs, filters, signal: NEVER })) {
    return event;
  }
  throw new Error('the events ended');
}

/** A monitor that no engine is connected to tells of the end of its container by a file only. */
async function exists(path: string): Promise<void> {
  while (!existsSync(path)) await wait(1);
}
