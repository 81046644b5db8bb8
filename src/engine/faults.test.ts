/** Every step of a full plan is made to fail once: the start fails with that step, and nothing of it stays. */

import { expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cgroupPaths } from '../cgroup/index.ts';
import { hostFacts } from '../host/facts.ts';
import { createRequest, shell } from './testing/create-request.ts';
import { TestEngine } from './testing/test-engine.ts';

test('Containers.start leaves no process, mount, cgroup, link or file when any step fails', async () => {
  await using engine = await TestEngine.open();
  const { containers } = engine.engine;
  const request = createRequest(
    { ...shell('sleep 1000'), WorkingDir: '/made/here', Volumes: { '/data': {} } },
    {
      NetworkMode: 'bridge',
      PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
      Memory: 64 * 1024 * 1024,
      PidsLimit: 50,
      Tmpfs: { '/scratch': '' },
      Init: true,
      ReadonlyRootfs: true,
    },
  );
  const whole = await containers.create(request, undefined, undefined);
  await containers.start(whole.Id);
  const steps = await containers.explain(whole.Id);
  await containers.remove(whole.Id, { force: true, volumes: true });
  const dry = await containers.explainRun(request);
  expect(dry.map(({ op }) => op)).toEqual(steps.map(({ op }) => op));
  expect(steps.length).toBeGreaterThan(80);
  try {
    for (const [index, step] of steps.entries()) {
      process.env.TIFFIN_FAULT = String(index);
      const { Id } = await containers.create(request, undefined, undefined);
      const failure = await containers.start(Id).then(
        () => undefined,
        (error: unknown) => error,
      );
      // What runs after the program started, and the teardown, do not keep it from running.
      if (step.stage === 'teardown') expect(failure).toBeUndefined();
      else expect(failure).toBeInstanceOf(Error);
      if (failure !== undefined) {
        const failed = (await containers.explain(Id)).findIndex((one) => one.failed !== undefined);
        expect(failed).toBe(index);
        expect(traces(engine, Id)).toEqual([]);
      }
      await containers.remove(Id, { force: true, volumes: true });
      expect(traces(engine, Id)).toEqual([]);
    }
  } finally {
    delete process.env.TIFFIN_FAULT;
  }
  expect(engine.leftovers()).toEqual([]);
}, 120_000);

/** What of a container can be found on the machine, apart from its own directory. */
function traces(engine: TestEngine, id: string): string[] {
  const { v1, v2 } = cgroupPaths(hostFacts(), `/tiffin/${id}`);
  const cgroups = [...Object.values(v1), v2].filter((path) => path !== '' && existsSync(path));
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(engine.directory));
  const runs = readdirSync(`${engine.execRoot}/containers`);
  return [...cgroups, ...mounts, ...runs, ...strayProcesses(id)];
}

/** Monitors and launches carry the container's run directory among their open files; init processes its cgroup. */
function strayProcesses(id: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(id);
      } catch {
        return false;
      }
    });
}
