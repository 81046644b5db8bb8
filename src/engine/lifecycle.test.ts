/** Containers through their life, with the real shim. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { createRequest, shell } from './testing/create-request.ts';
import { attachAll, collect, TestEngine } from './testing/test-engine.ts';

let test1: TestEngine;
beforeAll(async () => {
  test1 = await TestEngine.open();
});
afterAll(() => test1[Symbol.asyncDispose]());

const NEVER = new AbortController().signal;
const SLEEP = { Cmd: ['sleep', '1000'] };

test('Containers.start runs the program and Containers.wait tells its exit code', async () => {
  const done = await test1.run(shell('echo out; echo err >&2; exit 7'));
  expect(done).toEqual({ stdout: 'out\n', stderr: 'err\n', status: { StatusCode: 7 } });
});

test('Containers.start gives the program its names, user, directory, environment and limits', async () => {
  const script = 'id -u; id -g; pwd; hostname; echo $HOME $WORD; cat /proc/1/cgroup | head -1';
  const config = {
    ...shell(script),
    User: 'nobody',
    WorkingDir: '/made/for/it',
    Hostname: 'kitchen',
    Env: ['WORD=salt'],
  };
  const { stdout } = await test1.run(config, { Memory: 32 * 1024 * 1024, PidsLimit: 10 });
  const [uid, gid, cwd, name, words, group] = stdout.split('\n');
  expect([uid, gid, cwd, name]).toEqual(['65534', '65534', '/made/for/it', 'kitchen']);
  expect(words).toBe('/nonexistent salt');
  expect(group).toEndWith(':/');
});

test('Containers.start of a missing program fails with status 127 and leaves nothing', async () => {
  const id = await test1.create({ Cmd: ['no-such-program'] });
  const start = test1.engine.containers.start(id);
  await expect(start).rejects.toThrow(
    'exec: "no-such-program": executable file not found in $PATH',
  );
  const { State } = await test1.engine.containers.inspect(id, false);
  expect(State).toMatchObject({ Status: 'created', ExitCode: 127, Pid: 0 });
  expect(existsSync(`${test1.execRoot}/containers/${id}`)).toBe(false);
  const failed = (await test1.engine.containers.explain(id)).filter((step) => step.failed);
  expect(failed).toMatchObject([{ op: 'exec', failed: 'ENOENT' }]);
  await test1.engine.containers.remove(id, { force: false, volumes: true });
});

test('Containers.start of a running container is not-modified', async () => {
  const id = await test1.start(SLEEP);
  await expect(test1.engine.containers.start(id)).rejects.toMatchObject({ class: 'not-modified' });
  await test1.engine.containers.remove(id, { force: true, volumes: true });
});

test('Containers.remove refuses a running container and with force removes it', async () => {
  const id = await test1.start(SLEEP, {}, 'busy');
  const { containers } = test1.engine;
  await expect(containers.remove(id, { force: false, volumes: false })).rejects.toThrow(
    'cannot remove container "/busy": container is running: stop the container before removing or force remove',
  );
  const gone = containers.wait(id, 'removed', NEVER);
  await containers.remove('busy', { force: true, volumes: false });
  expect(await gone).toEqual({ StatusCode: 137 });
  await expect(containers.inspect(id, false)).rejects.toThrow(`No such container: ${id}`);
});

test('Containers.create refuses a name that is taken, in the words that docker uses', async () => {
  const id = await test1.create(SLEEP, {}, 'taken');
  await expect(test1.create(SLEEP, {}, 'taken')).rejects.toThrow(
    `Conflict. The container name "/taken" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
  await test1.engine.containers.rename(id, 'free');
  const other = await test1.create(SLEEP, {}, 'taken');
  for (const one of [id, other]) {
    await test1.engine.containers.remove(one, { force: false, volumes: false });
  }
});

test('Containers.stop sends the stop signal first and kills after the time is over', async () => {
  const polite = await test1.start(
    shell('trap "exit 5" USR1; echo set; while true; do sleep 0.01; done'),
  );
  await test1.printed(polite, 'set');
  await test1.engine.containers.stop(polite, 10, 'USR1');
  expect((await test1.wait(polite)).StatusCode).toBe(5);
  const stubborn = await test1.start(
    shell('trap "" TERM; echo set; while true; do sleep 0.01; done'),
  );
  await test1.printed(stubborn, 'set');
  await test1.engine.containers.stop(stubborn, 0, undefined);
  expect((await test1.wait(stubborn)).StatusCode).toBe(137);
  await expect(test1.engine.containers.stop(stubborn, 0, undefined)).rejects.toMatchObject({
    class: 'not-modified',
  });
  for (const id of [polite, stubborn]) {
    await test1.engine.containers.remove(id, { force: false, volumes: false });
  }
});

test('Containers.attach before the start loses no byte, and gives the program its input', async () => {
  const { containers } = test1.engine;
  const id = await test1.create({ Cmd: ['cat'], OpenStdin: true, StdinOnce: true });
  const session = await containers.attach(id, { ...attachAll(), stdin: true });
  const sent = session.write(new TextEncoder().encode('first\n'));
  await containers.start(id);
  await sent;
  await session.write(new TextEncoder().encode('second\n'));
  session.closeInput();
  expect((await collect(session)).stdout).toBe('first\nsecond\n');
  expect((await test1.wait(id)).StatusCode).toBe(0);
  await containers.remove(id, { force: false, volumes: false });
});

test('Containers.attach with logs replays what was printed and follows without a gap', async () => {
  const { containers } = test1.engine;
  const script = 'i=0; while [ $i -lt 400 ]; do echo $i; i=$((i+1)); done';
  const id = await test1.start(shell(`read go; ${script}`), { Init: true });
  const plain = await test1.start({ ...shell(script) });
  const session = await containers.attach(plain, { ...attachAll(), logs: true });
  const lines = (await collect(session)).stdout.split('\n');
  expect(lines).toEqual([...Array.from({ length: 400 }, (_, index) => String(index)), '']);
  for (const one of [id, plain]) await containers.remove(one, { force: true, volumes: false });
});

test('Containers.pause stops the program where it is and unpause lets it go on', async () => {
  const { containers } = test1.engine;
  const id = await test1.start(SLEEP);
  await containers.pause(id);
  expect((await containers.inspect(id, false)).State).toMatchObject({
    Status: 'paused',
    Running: true,
  });
  await expect(test1.exec(id, 'true')).rejects.toThrow(
    'is paused, unpause the container before exec',
  );
  await containers.unpause(id);
  expect((await test1.exec(id, 'echo', 'on')).stdout).toBe('on\n');
  await containers.pause(id);
  await containers.kill(id, 'SIGKILL');
  expect((await test1.wait(id)).StatusCode).toBe(137);
  await containers.remove(id, { force: false, volumes: false });
});

test('Execs.start enters the container with its user and hands back the exit code', async () => {
  const id = await test1.start({ ...SLEEP, User: 'nobody', Env: ['A=b'] });
  expect(await test1.exec(id, 'sh', '-c', 'id -u; echo $A; exit 3')).toEqual({
    stdout: '65534\nb\n',
    exitCode: 3,
  });
  await expect(test1.exec(id, 'nothing-here')).rejects.toMatchObject({ exitCode: 127 });
  await test1.engine.containers.remove(id, { force: true, volumes: false });
  expect(test1.leftovers()).not.toContain(id);
});

test('AutoRemove takes the container away after its end, with its anonymous volume', async () => {
  const { containers, volumes } = test1.engine;
  const host = { AutoRemove: true };
  const id = await test1.create({ ...shell('touch /data/x'), Volumes: { '/data': {} } }, host);
  const { Mounts } = await containers.inspect(id, false);
  const gone = containers.wait(id, 'removed', NEVER);
  await containers.start(id);
  expect((await gone).StatusCode).toBe(0);
  await expect(containers.inspect(id, false)).rejects.toThrow('No such container');
  await expect(volumes.inspect(Mounts[0]?.Name ?? '')).rejects.toThrow('no such volume');
});

test('a named volume starts with what the image has at its target and outlives its containers', async () => {
  const { volumes } = test1.engine;
  const first = await test1.run(shell('cat /etc/group | head -1; echo mine > /etc/mine'), {
    Binds: ['spices:/etc'],
  });
  expect(first.stdout).toBe('root:x:0:\n');
  const second = await test1.run(shell('cat /in/mine; touch /in/x'), { Binds: ['spices:/in:ro'] });
  expect(second.stdout).toBe('mine\n');
  expect(second.stderr).toContain('Read-only file system');
  await volumes.remove('spices', false);
});

test('Containers.export yields the file system of the container as tar', async () => {
  const id = await test1.start(shell('echo fresh > /made-by-it; rm /etc/profile'));
  await test1.wait(id);
  const pieces: Uint8Array[] = [];
  for await (const piece of test1.engine.containers.export(id)) pieces.push(piece);
  const list = Bun.spawn(['tar', 't'], { stdin: Buffer.concat(pieces), stdout: 'pipe' });
  const names = (await new Response(list.stdout).text()).split('\n');
  expect(names).toContain('made-by-it');
  expect(names).toContain('bin/busybox');
  expect(names).not.toContain('etc/profile');
  await test1.engine.containers.remove(id, { force: false, volumes: false });
});

test('Containers.explainRun plans without leaving a reservation or a container', async () => {
  const request = createRequest(SLEEP, {
    NetworkMode: 'bridge',
    PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '18999' }] },
  });
  const steps = await test1.engine.containers.explainRun(request);
  const ops = steps.map(({ op }) => op);
  expect(ops).toContain('reserve-port');
  expect(ops.filter((op) => op === 'exec').length).toBe(1);
  expect(steps.every(({ why, man, ns }) => why !== '' && man !== '' && ns === undefined)).toBe(
    true,
  );
  const { Containers } = await test1.engine.networks.inspect('bridge');
  expect(Object.keys(Containers)).toEqual([]);
});

test('Containers.logs gives the last lines, both streams or one of them', async () => {
  const id = await test1.start(shell('for i in 1 2 3 4; do echo o$i; done; echo e1 >&2'));
  await test1.wait(id);
  expect(await test1.logs(id, { stderr: false })).toBe('o1\no2\no3\no4\n');
  expect(await test1.logs(id, { stdout: false })).toBe('e1\n');
  expect(await test1.logs(id, { tail: 2, stderr: false })).toEndWith('o4\n');
  expect(await test1.logs(id, { tail: 0 })).toBe('');
  await test1.engine.containers.remove(id, { force: false, volumes: false });
});

test.each([true, false])(
  'Containers.logs, once open, loses nothing to the removal of the container, following: %p',
  async (follow) => {
    const id = await test1.start(shell('echo kept; echo as well'));
    if (!follow) await test1.wait(id);
    const opened = await test1.openLog(id, { follow });
    await test1.wait(id);
    await test1.engine.containers.remove(id, { force: false, volumes: false });
    let text = '';
    for await (const { bytes } of opened) text += new TextDecoder().decode(bytes);
    expect(text).toBe('kept\nas well\n');
  },
);
