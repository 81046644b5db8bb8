/** `--userns private`: a container whose root is nobody on the machine, with ids on the disk that say nothing of it. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostState, leftBehind, must, TestEngine } from './harness.ts';
import { onHostOfItsOwn, prepareHost } from './own-host.ts';

const BASE = 3_000_000;
const OWN = ['--userns', 'private'];

onHostOfItsOwn('user namespaces of containers', import.meta.path, () => {
  let engine: TestEngine;

  beforeAll(async () => {
    await prepareHost();
    engine = await TestEngine.start();
    lend('');
    for (const file of FILES) {
      writeFileSync(file, '', { flag: 'a' });
      await must(['mount', '--bind', ranges(), file]);
    }
  });

  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
  });

  const FILES = ['/etc/subuid', '/etc/subgid'];
  const ranges = () => join(engine.directory, 'ranges');
  const lend = (lines: string) => writeFileSync(ranges(), lines);
  const shell = (text: string) => ['starter', 'sh', '-c', text];
  const dataOf = (volume: string) => join(engine.dataRoot, 'volumes', volume, '_data');
  const owner = (path: string) => {
    const { uid, gid } = statSync(path);
    return `${uid}:${gid}`;
  };

  test('--userns private without ranges of dockremap is refused with the line that is missing', async () => {
    for (const lines of ['', 'other:100000:65536\n', `dockremap:0:65536\n`, 'dockremap:1:x\n']) {
      lend(lines);
      const { status, stderr } = await engine.tiffin(['create', ...OWN, 'starter']);
      expect([status, stderr]).toEqual([125, expect.stringContaining('/etc/subuid')]);
    }
    expect(await engine.ok('ps', '-aq')).toBe('');
    lend(`other:100000:65536\ndockremap:${BASE}:60000\ndockremap:${BASE + 100_000}:5536\n`);
  });

  test('--userns private refuses what shares namespaces or rights with the host', async () => {
    for (const [words, ...options] of [
      ['privileged mode is incompatible with user namespaces', '--privileged'],
      ["cannot share the host's network namespace", '--network', 'host'],
      ['cannot share the host PID namespace', '--pid', 'host'],
      ["cannot share the host's IPC namespace", '--ipc', 'host'],
    ] as const) {
      const { status, stderr } = await engine.tiffin(['create', ...OWN, ...options, 'starter']);
      expect([status, stderr]).toEqual([125, expect.stringContaining(words)]);
    }
  });

  test('--userns private maps root inside to an ordinary user outside, and what the engine made is its own', async () => {
    const look = 'cat /proc/self/uid_map; stat -c %u:%g / /etc/hosts /etc/resolv.conf /dev /bin/sh';
    expect((await engine.ok('run', '--rm', ...OWN, ...shell(look))).split(/\s+/)).toEqual([
      ...['', '0', `${BASE}`, '60000', '60000', `${BASE + 100_000}`, '5536'],
      ...['0:0', '0:0', '0:0', '0:0', '0:0'],
    ]);
    await engine.ok('run', '-d', '--name', 'who', ...OWN, 'starter', 'sleep', '1000');
    const pid = await engine.ok('inspect', '-f', '{{.State.Pid}}', 'who');
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toContain(
      `Uid:\t${[BASE, BASE, BASE, BASE].join('\t')}\n`,
    );
    expect(await engine.ok('inspect', '-f', '{{.HostConfig.UsernsMode}}', 'who')).toBe('private');
    expect(
      await engine.ok('run', '--rm', '--userns', 'host', ...shell('cat /proc/self/uid_map')),
    ).toContain('4294967295');
    await engine.ok('rm', '-f', 'who');
  });

  test('--userns private leaves the streams and the terminal open to the program, whoever it runs as', async () => {
    const again = 'echo out >/dev/stdout; echo err >/dev/stderr; echo $(stat -c %u $(tty))';
    for (const user of ['0', '5:6']) {
      const options = [...OWN, '--user', user];
      expect(await engine.tiffin(['run', '--rm', ...options, ...shell(again)])).toMatchObject({
        stdout: expect.stringContaining('out\n'),
        stderr: expect.stringContaining('err\n'),
      });
      const terminal = await engine.ok('run', '--rm', '-t', ...options, ...shell(again));
      expect(terminal).toContain(`${user.split(':')[0]}\r`);
    }
  });

  test('a volume under --userns private holds the ids of the container, from its first content on', async () => {
    const make = 'echo x >/data/f; chown 7:8 /data/f; cat /group/group';
    const volumes = ['-v', 'jar:/data', '-v', 'first:/group'];
    await engine.ok('build', '-t', 'filled', await filledImage());
    await engine.ok('run', '--rm', ...OWN, ...volumes, 'filled', 'sh', '-c', make);
    expect(owner(join(dataOf('jar'), 'f'))).toBe('7:8');
    expect([owner(join(dataOf('first'), 'group')), owner(dataOf('first'))]).toEqual(['3:4', '0:0']);
    expect(
      await engine.ok('run', '--rm', '-v', 'jar:/data', ...shell('stat -c %u:%g /data/f')),
    ).toBe('7:8');
    const bind = ['-v', `${dataOf('jar')}:/data`];
    const plain = await engine.tiffin(['run', '--rm', ...OWN, ...bind, ...shell('touch /data/no')]);
    expect(plain).toMatchObject({ status: 1, stderr: expect.stringContaining('denied') });
    await engine.ok('volume', 'rm', 'jar', 'first');
  });

  test('diff, commit, cp, export, exec, restart and kill -9 of the engine see --userns private as its own root does', async () => {
    const change = 'mkdir /d; chown 5:6 /d; chmod 600 /etc/passwd; rm /etc/group; exec sleep 1000';
    await engine.ok('run', '-d', '--name', 'kept', ...OWN, ...shell(change));
    await engine.ok('exec', 'kept', 'sh', '-c', 'until pidof sleep; do :; done');
    await engine.ok('exec', '-u', '5:6', 'kept', 'sh', '-c', 'echo >/dev/stdout; touch /d/five');
    const note = join(engine.directory, 'note');
    writeFileSync(note, 'in');
    await engine.ok('cp', note, 'kept:/d/in');
    const ids = ['stat', '-c', '%u:%g', '/d', '/d/five', '/d/in', '/etc/passwd'];
    const expected = '5:6\n5:6\n0:0\n0:0';
    expect(await engine.ok('exec', 'kept', ...ids)).toBe(expected);
    expect(await numbers('cp', 'kept:/d', '-')).toEqual(['5/6 d/', '5/6 d/five', '0/0 d/in']);
    expect(await engine.ok('diff', 'kept')).toContain('D /etc/group');
    await engine.ok('commit', 'kept', 'kept-image');
    expect(await engine.ok('run', '--rm', 'kept-image', ...ids)).toBe(expected);

    await engine.kill();
    await engine.serve();
    expect(await engine.ok('exec', 'kept', 'id', '-u')).toBe('0');
    await engine.ok('stop', '-t', '0', 'kept');
    expect(await numbers('cp', 'kept:/d', '-')).toEqual(['5/6 d/', '5/6 d/five', '0/0 d/in']);
    lend(`dockremap:${BASE + 500_000}:65536\n`);
    await engine.ok('run', '--rm', '--name', 'other', ...OWN, 'kept-image', ...ids);
    await engine.ok('container', 'rm', 'kept');
  });

  test('cfs run --userns and go-container -userns give a user namespace too', async () => {
    lend(`dockremap:${BASE}:65536\n`);
    const folder = join(engine.directory, 'folder');
    await must(['mkdir', '-p', join(folder, 'alpine/bin')]);
    await must(['cp', '/bin/busybox', join(folder, 'alpine/bin/cat')]);
    const map = ['alpine', '/bin/cat', '/proc/self/uid_map'];
    const mapped = expect.stringMatching(new RegExp(`^\\s*0\\s+${BASE}\\s+65536$`, 'm'));
    expect(await engine.ok('cfs', 'run', '--images', folder, ...OWN, ...map)).toEqual(mapped);
    const places = ['-i', folder, '-c', join(engine.directory, 'containers')];
    const go = await engine.ok('go-container', ...places, '-userns', 'private', ...map);
    expect(go).toEqual(mapped);
    const none = await engine.tiffin(['go-container', ...places, '-userns', 'x', ...map]);
    expect([none.status, none.stderr]).toEqual([expect.any(Number), expect.stringContaining('x')]);
    expect(none.status).not.toBe(0);
  });

  test('a start under --userns private that fails at an operation of its own leaves nothing behind', async () => {
    const args = ['run', '--name', 'broken', ...OWN, '-v', 'jar:/etc', 'starter', 'true'];
    await engine.ok(...args);
    const answer = await fetch('http://engine/tiffin/containers/broken/explain', {
      unix: engine.socket,
    });
    const { Steps } = (await answer.json()) as { Steps: { op: string }[] };
    await engine.ok('rm', '-v', 'broken');
    await engine.ok('volume', 'rm', 'jar');
    const before = await hostState();
    for (const op of ['stream-owner', 'mapped-overlay', 'root-tree', 'copy-up-tree', 'pivot']) {
      const index = Steps.findIndex((step) => step.op === op);
      expect([op, index]).not.toEqual([op, -1]);
      await engine.stop();
      await engine.serve({ TIFFIN_FAULT: String(index) });
      expect((await engine.tiffin(args)).status).toBe(125);
      await engine.ok('rm', '-f', 'broken');
      await engine.ok('volume', 'rm', 'jar');
      expect(await leftBehind(before)).toEqual([]);
      expect(readdirSync(join(engine.execRoot, 'containers'))).toEqual([]);
    }
  });

  /** Owners and names of an archive's members. */
  async function numbers(...args: string[]): Promise<string[]> {
    const tiffin = ['dist/tiffin', '-H', `unix://${engine.socket}`, ...args].join(' ');
    const listed = await must(['sh', '-c', `${tiffin} | tar -tv --numeric-owner`]);
    const words = listed
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/\s+/));
    return words.map((line) => `${line[1]} ${line.at(-1)}`);
  }

  /** An image with a file of somebody else where a volume goes. */
  async function filledImage(): Promise<string> {
    const context = join(engine.directory, 'filled');
    await must(['mkdir', '-p', context]);
    const lines = [
      'FROM starter',
      'RUN mkdir /group && cp /etc/group /group && chown 3:4 /group/group',
    ];
    writeFileSync(join(context, 'Dockerfile'), `${lines.join('\n')}\n`);
    return context;
  }
});
