/** `push` to real registries; skopeo, podman, buildah and umoci judge what arrived. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { must, TestEngine } from '../integration/harness.ts';
import { passwordFile, type Registry, startRegistry } from './registry.ts';

let engine: TestEngine;
let open: Registry;
let closed: Registry;

beforeAll(async () => {
  engine = await TestEngine.start();
  const { directory } = engine;
  open = await startRegistry({ directory, name: 'open', port: 18_571 });
  const more = await passwordFile(directory, 'ann', 'secret');
  closed = await startRegistry({ directory, name: 'closed', port: 18_572, more });
  await engine.ok(
    'run',
    '--name',
    'cook',
    'starter',
    'sh',
    '-c',
    'echo soup > /meal; rm /etc/group',
  );
  await engine.ok('commit', '-c', 'CMD ["cat", "/meal"]', 'cook', `${open.host}/lunch/soup:1`);
});

afterAll(async () => {
  for (const registry of [open, closed]) registry[Symbol.dispose]();
  await engine[Symbol.asyncDispose]();
});

test('push sends a committed image, which comes back and runs', async () => {
  const said = await engine.ok('push', `${open.host}/lunch/soup:1`);
  expect(said).toContain(`The push refers to repository [${open.host}/lunch/soup]`);
  expect(said).toMatch(/1: digest: sha256:[0-9a-f]{64} size: [0-9]+$/);
  await engine.ok('tag', `${open.host}/lunch/soup:1`, 'kept:1');
  await engine.ok('rmi', '-f', `${open.host}/lunch/soup:1`);
  expect(await engine.ok('run', '--rm', `${open.host}/lunch/soup:1`)).toBe('soup');
});

test('push skips what is there, mounts what another repository has, and keeps the digest', async () => {
  const name = `${open.host}/lunch/soup:1`;
  const again = await engine.ok('push', name);
  expect(again).toContain('Layer already exists');
  expect(again).not.toContain('Pushed');
  const digest = /sha256:[0-9a-f]{64}/.exec(again)?.[0] ?? '';
  await engine.ok('tag', name, `${open.host}/dinner/soup`);
  const mounted = await engine.docker(['push', `${open.host}/dinner/soup`]);
  expect(mounted.stdout).toContain('Mounted from lunch/soup');
  expect(mounted.stdout).toContain(`latest: digest: ${digest} size:`);
  const inspected = await must([
    'skopeo',
    'inspect',
    '--tls-verify=false',
    `docker://${open.host}/dinner/soup`,
  ]);
  expect(JSON.parse(inspected)).toMatchObject({ Digest: digest });
});

test('push keeps manifests and layers of foreign images as they came: Docker, OCI, zstd', async () => {
  const archive = join(engine.directory, 'starter.tar');
  await engine.ok('save', '-o', archive, 'starter');
  for (const [tag, ...form] of [
    ['docker', '--format', 'v2s2'],
    ['oci', '--format', 'oci'],
    ['zstd', '--format', 'oci', '--dest-compress-format', 'zstd'],
  ]) {
    const from = `${open.host}/foreign/box:${tag}`;
    await must([
      'skopeo',
      'copy',
      '--quiet',
      ...form,
      '--dest-tls-verify=false',
      `docker-archive:${archive}`,
      `docker://${from}`,
    ]);
    const digest = await skopeoDigest(from);
    await engine.ok('pull', '-q', from);
    await engine.ok('tag', from, `${open.host}/copy/box:${tag}`);
    expect(await engine.ok('push', `${open.host}/copy/box:${tag}`)).toContain(digest);
    expect(await skopeoDigest(`${open.host}/copy/box:${tag}`)).toBe(digest);
  }
});

test('push --all-tags sends every tag of the repository', async () => {
  for (const tag of ['a', 'b']) await engine.ok('tag', 'starter', `${open.host}/many/box:${tag}`);
  const said = await engine.docker(['push', '-a', `${open.host}/many/box`]);
  expect(said.stdout).toMatch(/a: digest: [\s\S]*b: digest: /);
});

test('what push sent is run by podman and unpacked by umoci', async () => {
  const name = `${open.host}/lunch/soup:1`;
  const storage = join(engine.directory, 'podman');
  const podman = [
    'podman',
    '--root',
    storage,
    '--runroot',
    `${storage}-run`,
    '--storage-driver',
    'vfs',
    // Not crun, which refuses hybrid control groups; nor systemd, which need not run.
    '--runtime',
    'runc',
    '--cgroup-manager',
    'cgroupfs',
  ];
  await must([...podman, 'pull', '-q', '--tls-verify=false', name]);
  const ran = await must([
    ...podman,
    'run',
    '--rm',
    '--network',
    'none',
    // Its own defaults may be more than this machine allows.
    '--ulimit',
    'nofile=1024:1024',
    '--ulimit',
    'nproc=4096:4096',
    name,
  ]);
  expect(ran).toBe('soup\n');
  const layout = join(engine.directory, 'layout');
  await must([
    'skopeo',
    'copy',
    '--quiet',
    '--src-tls-verify=false',
    `docker://${name}`,
    `oci:${layout}:1`,
  ]);
  const bundle = join(engine.directory, 'bundle');
  await must(['umoci', 'unpack', '--image', `${layout}:1`, bundle]);
  expect(readdirSync(join(bundle, 'rootfs'))).toContain('meal');
  expect(readdirSync(join(bundle, 'rootfs/etc'))).not.toContain('group');
  rmSync(bundle, { recursive: true });
});

test('what buildah committed and pushed is pulled and run', async () => {
  const storage = join(engine.directory, 'buildah');
  const buildah = [
    'buildah',
    '--root',
    storage,
    '--runroot',
    `${storage}-run`,
    '--storage-driver',
    'vfs',
  ];
  const container = (
    await must([
      ...buildah,
      'from',
      '-q',
      '--pull',
      '--tls-verify=false',
      `${open.host}/lunch/soup:1`,
    ])
  ).trim();
  await must([...buildah, 'config', '--cmd', '["echo", "bread"]', container]);
  await must([
    ...buildah,
    'commit',
    '-q',
    '--tls-verify=false',
    container,
    `docker://${open.host}/buildah/bread:1`,
  ]);
  expect(await engine.ok('run', '--rm', `${open.host}/buildah/bread:1`)).toBe('bread');
});

test('push without and with credentials, and of what is not there', async () => {
  const name = `${closed.host}/lunch/soup:1`;
  await engine.ok('tag', 'kept:1', name);
  const refused = await engine.tiffin(['push', name]);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain('unauthorized: authentication required');
  const missing = await engine.docker(['push', `${open.host}/no/where`]);
  expect(missing.stderr).toContain('An image does not exist locally with the tag');
});

async function skopeoDigest(name: string): Promise<string> {
  const text = await must(['skopeo', 'inspect', '--tls-verify=false', `docker://${name}`]);
  return String(JSON.parse(text).Digest);
}
