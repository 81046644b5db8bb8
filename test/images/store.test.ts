/** The store of a data root: what is left of it, what survives a kill, what other tools read of it, and its check. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { must, run, TestEngine, tiffinBinary, until } from '../integration/harness.ts';
import { startRegistry } from './registry.ts';

let engine: TestEngine;
/** An image of two layers, the upper one large enough that its load takes a while. */
let archive: string;

beforeAll(async () => {
  engine = await TestEngine.start();
  archive = join(engine.directory, 'meal.tar');
  const tree = join(engine.directory, 'tree');
  mkdirSync(tree);
  for (let index = 0; index < 300; index += 1) {
    writeFileSync(join(tree, `file-${index}`), randomBytes(100_000));
  }
  await engine.ok('create', '--name', 'cook', 'starter', 'true');
  await engine.ok('cp', tree, 'cook:/tree');
  await engine.ok('commit', 'cook', 'meal:1');
  await engine.ok('rm', 'cook');
  await engine.ok('save', '-o', archive, 'meal:1');
  await engine.ok('rmi', 'meal:1');
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

function pathsBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => !/^(tiffin|lock)\.db/.test(path))
    .sort();
}

test('after system prune -a --volumes the data root holds nothing but its skeleton', async () => {
  await using fresh = await TestEngine.start();
  const skeleton = pathsBelow(fresh.dataRoot);
  await fresh.ok('load', '-q', '-i', archive);
  await fresh.ok(
    'run',
    '--name',
    'aa',
    '-v',
    '/data',
    'meal:1',
    'sh',
    '-c',
    'echo x > /data/x; rm /tree/file-1',
  );
  await fresh.ok('run', '--name', 'bb', '-v', 'named:/data', 'starter', 'touch', '/data/y');
  await fresh.ok('volume', 'create', 'alone');
  await fresh.ok('commit', 'aa', 'leftovers');
  await fresh.ok('tag', 'meal:1', 'meal:2');
  await fresh.ok('rmi', '-f', 'meal:1');
  expect(pathsBelow(fresh.dataRoot).length).toBeGreaterThan(skeleton.length);
  await fresh.ok('system', 'prune', '-a', '-f', '--volumes');
  const volumes = (await fresh.ok('volume', 'ls', '-q')).split('\n').filter((name) => name !== '');
  // Docker keeps volumes that somebody named; they go one by one.
  if (volumes.length > 0) await fresh.ok('volume', 'rm', ...volumes);
  const trash = join(fresh.dataRoot, 'trash');
  await until('the trash is empty', async () => readdirSync(trash).length === 0);
  expect(pathsBelow(fresh.dataRoot)).toEqual(skeleton);
}, 60_000);

test('a load that dies with its engine at any moment leaves the store whole', async () => {
  for (let round = 0; round < 8; round += 1) {
    const load = spawn(
      tiffinBinary,
      ['-H', `unix://${engine.socket}`, 'load', '-q', '-i', archive],
      { stdio: 'ignore' },
    );
    const ended = new Promise((done) => load.on('close', done));
    // Not a wait for something: the moment of the kill is what is to be random.
    await wait(randomInt(1, 500));
    await engine.kill();
    await ended;
    await engine.serve();
    expect(await engine.ok('system', 'fsck')).toContain('no problems');
    const listed = (await engine.ok('images', '-q', 'meal:1')) !== '';
    if (!listed) continue;
    expect(await engine.ok('run', '--rm', 'meal:1', 'sh', '-c', 'ls /tree | wc -l')).toBe('300');
    await engine.ok('rmi', 'meal:1');
  }
  await engine.ok('load', '-q', '-i', archive);
  expect(await engine.ok('run', '--rm', 'meal:1', 'sh', '-c', 'cat /tree/* | wc -c')).toBe(
    '30000000',
  );
  expect(await engine.ok('system', 'fsck')).toContain('no problems');
}, 120_000);

test('a pull that dies with its engine at any moment leaves the store whole, and the next one goes on', async () => {
  using registry = await startRegistry({
    directory: engine.directory,
    name: 'store',
    port: 18_595,
  });
  const name = `${registry.host}/meal:1`;
  await engine.ok('load', '-q', '-i', archive);
  await engine.ok('tag', 'meal:1', name);
  await engine.ok('push', '-q', name);
  await engine.ok('rmi', 'meal:1', name);
  for (let round = 0; round < 8; round += 1) {
    const pull = spawn(tiffinBinary, ['-H', `unix://${engine.socket}`, 'pull', '-q', name], {
      stdio: 'ignore',
    });
    const ended = new Promise((done) => pull.on('close', done));
    // Not a wait for something: the moment of the kill is what is to be random.
    await wait(randomInt(1, 600));
    await engine.kill();
    await ended;
    await engine.serve();
    expect(await engine.ok('system', 'fsck')).toContain('no problems');
    if ((await engine.ok('images', '-q', name)) === '') continue;
    expect(await engine.ok('run', '--rm', name, 'sh', '-c', 'ls /tree | wc -l')).toBe('300');
    await engine.ok('rmi', name);
  }
  await engine.ok('pull', '-q', name);
  expect(await engine.ok('run', '--rm', name, 'sh', '-c', 'cat /tree/* | wc -c')).toBe('30000000');
  expect(await engine.ok('system', 'fsck')).toContain('no problems');
  await engine.ok('tag', name, 'meal:1');
  await engine.ok('rmi', name);
}, 120_000);

test('the room of a removed layer is free again, also after containers of it ran', async () => {
  await using alone = new TestEngine();
  const disk = join(engine.directory, 'disk');
  mkdirSync(alone.dataRoot, { mode: 0o700 });
  await must(['truncate', '-s', '400M', disk]);
  await must(['mkfs.ext4', '-q', disk]);
  await must(['mount', '-o', 'loop', disk, alone.dataRoot]);
  const used = () => {
    const { blocks, bfree, bsize } = statfsSync(alone.dataRoot);
    return (blocks - bfree) * bsize;
  };
  try {
    await alone.serve();
    await alone.ok('run', '--rm', 'starter', 'true');
    const before = used();
    await alone.ok('load', '-q', '-i', archive);
    expect(used() - before).toBeGreaterThan(30_000_000);
    await alone.ok('run', '--rm', 'meal:1', 'true');
    const running = await alone.ok('run', '-d', 'meal:1', 'sleep', '1000');
    await alone.ok('rm', '-f', running);
    await alone.ok('rmi', 'meal:1');
    // A deleted file that somebody has mounted takes its room until it is let go.
    await until('the room is free again', () => used() - before < 5_000_000);
  } finally {
    await alone.stop();
    await must(['umount', alone.dataRoot]);
  }
}, 60_000);

test('skopeo reads the store as the OCI image layout that it is', async () => {
  const root = join(engine.directory, 'root.tar');
  await must(['tar', '-C', join(engine.directory, 'tree'), '-cf', root, 'file-1', 'file-2']);
  await engine.ok('import', root, 'dish:1');
  const layout = `oci:${join(engine.dataRoot, 'images')}:docker.io/library/dish:1`;
  const inspected: unknown = JSON.parse(await must(['skopeo', 'inspect', layout]));
  const layers = JSON.parse(await engine.ok('inspect', '-f', '{{json .RootFS.Layers}}', 'dish:1'));
  expect(inspected).toMatchObject({ Layers: layers, Os: 'linux' });
  const copy = `oci-archive:${join(engine.directory, 'copied.tar')}`;
  await must(['skopeo', 'copy', '-q', layout, copy]);
  await engine.ok('rmi', 'dish:1');
});

test('system fsck names what is wrong and tells it by its status; with --repair it is right again', async () => {
  const layers = join(engine.dataRoot, 'layers');
  const layer = readdirSync(layers)
    .map((name) => join(layers, name))
    .sort((a, b) => statSync(b).size - statSync(a).size)[0];
  const bytes = readFileSync(layer ?? '');
  bytes.fill(0, 8192, 12_288);
  writeFileSync(layer ?? '', bytes);
  const found = await engine.tiffin(['system', 'fsck']);
  expect(found.status).toBe(1);
  expect(found.stdout).toContain('layer-damaged sha256:');
  expect(found.stdout).toContain('1 problems, 1 left');
  const repaired = await engine.tiffin(['system', 'fsck', '--repair']);
  expect([repaired.status, repaired.stdout]).toEqual([0, expect.stringContaining('(repaired)')]);
  expect(await engine.ok('run', '--rm', 'meal:1', 'sh', '-c', 'cat /tree/* | wc -c')).toBe(
    '30000000',
  );
  const [blob = ''] = readdirSync(join(engine.dataRoot, 'images/blobs/sha256'));
  truncateSync(join(engine.dataRoot, 'images/blobs/sha256', blob), 1);
  expect((await engine.tiffin(['system', 'fsck'])).stdout).toContain(`blob-damaged sha256:${blob}`);
  await engine.tiffin(['system', 'fsck', '--repair']);
  await engine.tiffin(['rmi', '-f', 'meal:1']);
  await engine.ok('load', '-q', '-i', archive);
  expect(
    (await run([tiffinBinary, '-H', `unix://${engine.socket}`, 'run', '--rm', 'meal:1', 'true']))
      .status,
  ).toBe(0);
});

test('layers that are images leave no mount on the host, and go from memory with their removal', async () => {
  const mounts = () => readFileSync('/proc/self/mountinfo', 'utf8').includes(' - erofs ');
  await engine.ok('run', '-d', '--name', 'eater', 'meal:1', 'sleep', '1000');
  expect(mounts()).toBe(false);
  await engine.kill();
  expect(await engine.ok('--version')).toContain('Tiffin');
  await engine.serve();
  expect(await engine.ok('exec', 'eater', 'sh', '-c', 'cat /tree/* | wc -c')).toBe('30000000');
  await engine.ok('rm', '-f', 'eater');
  expect(mounts()).toBe(false);
});
