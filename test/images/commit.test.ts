/** `commit` and `diff` on real containers, by Tiffin's command line and by the stock docker client. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { TestEngine } from '../integration/harness.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await TestEngine.start();
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const CHANGE = [
  'echo hi > /new',
  'rm /etc/passwd',
  'mkdir -p /d/e',
  'echo x > /d/e/f',
  'ln -s f /d/e/l',
  'chmod 700 /tmp',
  'rm -r /var && mkdir /var && echo y > /var/only',
].join('; ');

test('diff tells what was added, changed and removed, with its directories', async () => {
  await engine.ok('run', '--name', 'changed', 'starter', 'sh', '-c', CHANGE);
  const lines = (await engine.ok('diff', 'changed')).split('\n');
  for (const line of ['A /d', 'A /d/e', 'A /d/e/f', 'A /d/e/l', 'C /etc', 'D /etc/passwd']) {
    expect(lines).toContain(line);
  }
  expect(lines).toContain('A /new');
  expect(lines).toContain('C /tmp');
  expect(lines.some((line) => line.endsWith('/etc/hosts'))).toBe(false);
  const docker = await engine.docker(['diff', 'changed']);
  expect(docker.stdout.trimEnd().split('\n')).toEqual(lines);
});

test('diff of a container that changed nothing is empty, and a file put back as it was is no change', async () => {
  await engine.ok(
    'run',
    '--name',
    'idle',
    'starter',
    'sh',
    '-c',
    'chmod +x /etc/group; chmod 644 /etc/group',
  );
  expect(await engine.ok('diff', 'idle')).toBe('');
});

test('commit keeps whiteouts, opaque directories, links and modes, and applies changes', async () => {
  const id = await engine.ok(
    ...['commit', '-m', 'why', '-a', 'Ann', '-c', 'CMD ["cat", "/d/e/l"]', '-c', 'LABEL x=y'],
    ...['changed', 'my/img:1'],
  );
  expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await engine.ok('run', '--rm', 'my/img:1')).toBe('x');
  const look = 'ls /etc/passwd 2>&1; ls /var; stat -c %a /tmp; cat /new';
  const seen = await engine.ok('run', '--rm', 'my/img:1', 'sh', '-c', look);
  expect(seen.split('\n').slice(-3)).toEqual(['only', '700', 'hi']);
  expect(seen).toContain('No such file');
  const image = JSON.parse(await engine.ok('image', 'inspect', 'my/img:1'))[0];
  expect(image).toMatchObject({
    Id: id,
    Author: 'Ann',
    Comment: 'why',
    Config: { Cmd: ['cat', '/d/e/l'], Labels: { x: 'y' } },
  });
  expect(await engine.ok('history', '--format', '{{.Comment}}', 'my/img:1')).toStartWith('why');
});

test('commit of nothing adds history and no layer', async () => {
  const layers = ['image', 'inspect', '-f', '{{len .RootFS.Layers}}'];
  await engine.ok('run', '--name', 'fresh', 'starter', 'true');
  await engine.ok('commit', 'fresh', 'my/idle');
  expect(await engine.ok(...layers, 'my/idle')).toBe(await engine.ok(...layers, 'starter'));
});

test('commit by the stock docker client pauses a running container and lets it go on', async () => {
  await engine.ok('run', '-d', '--name', 'live', 'starter', 'sh', '-c', 'echo z > /z; sleep 1000');
  while (!(await engine.ok('diff', 'live')).includes('A /z'));
  const events = engine.tiffin(['events', '--since', '0', '--until', `${Date.now() / 1000 + 1}`]);
  const done = await engine.docker(['commit', '-m', 'm', '-c', 'ENV A=b', 'live', 'my/live:2']);
  expect(done.stderr).toBe('');
  expect(await engine.ok('inspect', '-f', '{{.State.Status}}', 'live')).toBe('running');
  expect(await engine.ok('run', '--rm', 'my/live:2', 'sh', '-c', 'cat /z; echo $A')).toBe('z\nb');
  const seen = (await events).stdout;
  for (const action of ['container pause', 'container unpause', 'container commit']) {
    expect(seen).toContain(action);
  }
  await engine.ok('rm', '-f', 'live');
});

test('commit refuses a bad change, a bad name and a container that is not there', async () => {
  const bad = await engine.tiffin(['commit', '-c', 'FROM x', 'idle', 'my/bad']);
  expect(bad.stderr).toContain('FROM is not a valid change command');
  expect((await engine.tiffin(['commit', 'idle', 'My/Bad'])).stderr).toContain('lowercase');
  expect((await engine.tiffin(['commit', 'nobody'])).stderr).toContain('No such container: nobody');
  expect((await engine.tiffin(['image', 'inspect', 'my/bad'])).status).toBe(1);
});

test('an image that others were committed from stays while they are there, and goes with the last one', async () => {
  const commit = async (from: string, word: string, ...names: string[]) => {
    const made = await engine.ok('run', '-d', from, 'sh', '-c', `echo ${word} >/${word}`);
    await engine.ok('wait', made);
    const id = await engine.ok('commit', made, ...names);
    await engine.ok('rm', made);
    return id;
  };
  const first = await commit('starter', 'one', 'grand:1');
  const second = await commit('grand:1', 'two');
  const third = await commit(second, 'three', 'child:1');
  expect(await engine.ok('inspect', '-f', '{{.Parent}}', third)).toBe(second);
  expect(await engine.ok('inspect', '-f', '{{.Parent}}', second)).toBe(first);
  const ids = (await engine.ok('history', '-q', '--no-trunc', 'child:1')).split('\n');
  expect(ids.slice(0, 3)).toEqual([third, second, first]);
  // The one between has no name: shown with -a only, and neither dangling nor to be pruned.
  const shown = async (...args: string[]) => engine.ok('images', '-q', '--no-trunc', ...args);
  expect(await shown()).not.toContain(second);
  expect(await shown('-a')).toContain(second);
  expect(await shown('-f', 'dangling=true')).not.toContain(second);
  await engine.ok('image', 'prune', '-f');
  expect(await shown('-a')).toContain(second);
  for (const force of [[], ['-f']]) {
    const refused = await engine.tiffin(['rmi', ...force, second]);
    expect(refused.stderr).toContain(
      `conflict: unable to delete ${second.slice(7, 19)} (cannot be forced) - image has dependent child images`,
    );
  }
  // By name only the name goes.
  expect(await engine.ok('rmi', 'grand:1')).toBe('Untagged: grand:1');
  expect(await shown('-a')).toContain(first);
  const other = await commit(first, 'four', 'other:1');
  await engine.ok('rmi', '--no-prune', 'child:1');
  expect(await shown('-f', 'dangling=true')).toContain(second);
  const said = await engine.ok('rmi', second);
  expect(said).toContain(`Deleted: ${second}`);
  expect(said).not.toContain(`Deleted: ${first}`);
  const last = await engine.ok('rmi', 'other:1');
  for (const id of [other, first]) expect(last).toContain(`Deleted: ${id}`);
  expect(await shown('-a')).not.toContain(first);
});
