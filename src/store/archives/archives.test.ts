import { afterAll, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { createReadStream, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { sha256Digest } from '../../spec/digest.ts';
import type { Store } from '../index.ts';
import { chunks } from '../testing/blob-store-contract.ts';
import { filesBelow, removeTestDirectories, testDirectory } from '../testing/directory.ts';
import { archive, members, rawHeader, readTar } from '../testing/tar-bytes.ts';
import { json, linux, reference, storeImage, testStore } from '../testing/test-store.ts';

afterAll(removeTestDirectories);

async function whole(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

const load = (store: Store, bytes: Uint8Array) => store.archives.load(chunks(bytes, 5000), linux);
const file = (path: string, content: string | Uint8Array) => ({
  path,
  content: Buffer.from(content).toString('latin1'),
});

/** A Docker archive in the form before version 25. */
function dockerArchive(change: (parts: DockerParts) => void = () => {}): Uint8Array {
  const layer = members([{ path: 'hello', content: 'world' }]);
  const config = json({ ...linux, rootfs: { type: 'layers', diff_ids: [sha256Digest(layer)] } });
  const parts: DockerParts = {
    config,
    layer,
    configPath: `${sha256Digest(config).slice(7)}.json`,
    manifest: [{ Config: '', RepoTags: ['app:1', 'app:2'], Layers: ['abc/layer.tar'] }],
    more: [],
  };
  parts.manifest[0] = { ...parts.manifest[0], Config: parts.configPath };
  change(parts);
  return members([
    { path: 'abc', kind: 'directory' },
    file('abc/layer.tar', parts.layer),
    file(parts.configPath, parts.config),
    ...parts.more,
    file('manifest.json', json(parts.manifest)),
  ]);
}

interface DockerParts {
  config: Uint8Array;
  layer: Uint8Array;
  configPath: string;
  manifest: Record<string, unknown>[];
  more: Parameters<typeof members>[0][number][];
}

test('Archives.load reads a Docker archive, plain and compressed', async () => {
  for (const compress of [(bytes: Uint8Array) => bytes, gzipSync, zstdCompressSync]) {
    const { store } = await testStore();
    const loaded = await load(store, compress(dockerArchive()));
    const id = store.images.resolve('app:1').id;
    expect(loaded).toEqual([
      { id, name: 'app:1' },
      { id, name: 'app:2' },
    ]);
    expect(store.images.resolve('app:2').size).toBe(5);
  }
});

test('Archives.load follows the links between layers of old Docker archives', async () => {
  const { store } = await testStore();
  await load(
    store,
    dockerArchive((parts) => {
      parts.manifest[0] = { ...parts.manifest[0], Layers: ['def/layer.tar'] };
      parts.more.push({ path: 'def/layer.tar', kind: 'symlink', link: '../abc/layer.tar' });
    }),
  );
  expect(store.images.resolve('app:1').layers.length).toBe(1);
});

test('Archives.save writes what Archives.load reads back, bit by bit the same each time', async () => {
  const { store } = await testStore();
  await storeImage(store, ['one', 'two'], ['app:1', 'user/app:2']);
  await storeImage(store, ['two', 'three'], ['app:3']);
  const bytes = await whole(store.archives.save(['app:1', 'user/app:2', 'app:3']));
  expect((await whole(store.archives.save(['app:1', 'user/app:2', 'app:3']))).equals(bytes)).toBe(
    true,
  );
  const other = await testStore();
  const loaded = await load(other.store, bytes);
  expect(loaded.map(({ name }) => name)).toEqual(['app:1', 'user/app:2', 'app:3']);
  for (const name of ['app:1', 'user/app:2', 'app:3']) {
    const { manifest, id, config } = store.images.resolve(name);
    expect(other.store.images.resolve(name)).toMatchObject({ manifest, id, config });
  }
  expect(await whole(other.store.archives.save(['app:1', 'user/app:2', 'app:3']))).toEqual(bytes);
});

test('Archives.save takes all tags of a repository, one tag, or an id without names', async () => {
  const { store } = await testStore();
  const id = await storeImage(store, ['one'], ['app:1', 'app:2', 'other:1']);
  const tags = async (...names: string[]) => {
    const found = readTar(await whole(store.archives.save(names))).find(
      ({ entry }) => entry.path === 'manifest.json',
    );
    return JSON.parse(found?.pieces[0]?.text ?? '')[0].RepoTags;
  };
  expect(await tags('app')).toEqual(['app:1', 'app:2']);
  expect(await tags('app:2')).toEqual(['app:2']);
  expect(await tags('app', 'other:1')).toEqual(['app:1', 'app:2', 'other:1']);
  expect(await tags(id)).toBeNull();
  await expect(whole(store.archives.save(['none']))).rejects.toMatchObject({ class: 'not-found' });
});

test('Archives.load refuses broken and malicious archives and keeps nothing of them', async () => {
  const { store, root } = await testStore();
  await storeImage(store, ['mine'], ['mine:1']);
  const before = filesBelow(join(root, 'images'));
  const bytes = dockerArchive();
  const hex = '0'.repeat(64);
  const index = (descriptor: object) =>
    file(
      'index.json',
      json({
        schemaVersion: 2,
        manifests: [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', ...descriptor }],
      }),
    );
  const refused: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /neither manifest.json nor index.json/],
    [Buffer.from('not a tar at all'.repeat(100)), /checksum|octal/],
    [bytes.subarray(0, bytes.length - 2500), /unexpected end/],
    [gzipSync(bytes).subarray(0, 200), /broken gzip/],
    [members([file('../evil', 'x'), file('manifest.json', '[]')]), /leads out/],
    [members([file('manifest.json', '{}')]), /must be a list/],
    [
      members([file('manifest.json', '[{"Config":"nowhere","Layers":[]}]')]),
      /has no file "nowhere"/,
    ],
    [members([file('manifest.json', 'x')]), /not valid JSON/],
    [members([file('manifest.json', ' '.repeat(5_000_000))]), /too large/],
    [members([file(`blobs/sha256/${hex}`, 'x')]), /does not match its digest/],
    [members([index({ digest: `sha256:${hex}`, size: 1 })]), /is missing/],
    [
      dockerArchive((parts) => {
        parts.layer = members([{ path: 'other' }]);
      }),
      /does not match the image configuration/,
    ],
    [
      dockerArchive((parts) => {
        parts.configPath = `${hex}.json`;
        parts.manifest[0] = { ...parts.manifest[0], Config: parts.configPath };
      }),
      /does not match its digest/,
    ],
    [
      dockerArchive((parts) => {
        parts.manifest[0] = { ...parts.manifest[0], Layers: [] };
      }),
      /names 0 layers, the configuration 1/,
    ],
    [
      dockerArchive((parts) => {
        parts.manifest[0] = { ...parts.manifest[0], RepoTags: ['App:1'] };
      }),
      /must be lowercase/,
    ],
    [
      dockerArchive((parts) => {
        parts.manifest[0] = { ...parts.manifest[0], Layers: ['a'] };
        parts.more.push({ path: 'a', kind: 'symlink', link: 'a' });
      }),
      /has no file "a"/,
    ],
    [
      dockerArchive((parts) => {
        parts.manifest.push({ Config: parts.configPath, RepoTags: null, Layers: ['nowhere'] });
      }),
      /has no file "nowhere"/,
    ],
    [
      archive(
        rawHeader({ name: 'x', type: 'S', magic: 'ustar  \0' }),
        rawHeader({ name: 'y', type: '9' }),
      ),
      /unknown member type/,
    ],
  ];
  for (const [input, message] of refused) {
    await expect(load(store, input)).rejects.toThrow(message);
    expect(filesBelow(join(root, 'images'))).toEqual(before);
    expect(store.images.list().map(({ tags }) => tags)).toEqual([['mine:1']]);
  }
});

test('Archives.load takes the image of this platform out of an index', async () => {
  const source = await testStore();
  const ids = [
    await storeImage(source.store, ['arm'], ['arm:1']),
    await storeImage(source.store, ['amd'], ['amd:1']),
  ];
  const platforms = [{ os: 'linux', architecture: 'arm64' }, linux];
  const manifests = ids.map((id, at) => ({
    ...source.store.images.resolve(id).manifest,
    platform: platforms[at],
  }));
  const list = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests,
  });
  const nested = {
    mediaType: 'application/vnd.oci.image.index.v1+json',
    digest: sha256Digest(list),
    size: list.length,
    annotations: { 'org.opencontainers.image.ref.name': 'multi:1' },
  };
  const saved = readTar(await whole(source.store.archives.save(ids)));
  const blobs = saved.filter(
    ({ entry }) => entry.path.startsWith('blobs/') && entry.kind === 'file',
  );
  const bytes = members([
    ...blobs.map(({ entry, pieces }) => ({ path: entry.path, content: pieces[0]?.text ?? '' })),
    file(`blobs/sha256/${sha256Digest(list).slice(7)}`, list),
    file('index.json', json({ schemaVersion: 2, manifests: [nested] })),
  ]);
  const { store } = await testStore();
  expect(await load(store, bytes)).toEqual([{ id: ids[1] ?? sha256Digest(''), name: 'multi:1' }]);
});

test('Archives.import makes an image that says what it was told', async () => {
  const { store } = await testStore();
  const tar = members([{ path: 'bin/sh', content: '#!', mode: 0o755 }]);
  for (const bytes of [tar, gzipSync(tar), zstdCompressSync(tar)]) {
    const id = await store.archives.import(chunks(bytes, 100), {
      reference: reference('made:1'),
      message: 'by hand',
      platform: linux,
      changes: ['CMD ["sh"]', 'ENV A=1 B="2 3"', 'WORKDIR /w', 'WORKDIR x'],
    });
    const image = store.images.resolve('made:1');
    expect(image.id).toBe(id);
    expect(image.config.config).toMatchObject({
      cmd: ['sh'],
      env: ['A=1', 'B=2 3'],
      workingDir: '/w/x',
    });
    expect(image.config.diffIds).toEqual([sha256Digest(tar)]);
    expect(image.config).toMatchObject({ architecture: 'amd64', os: 'linux', comment: 'by hand' });
    expect(store.history(image)).toMatchObject([{ comment: 'by hand', size: 2 }]);
  }
});

test('Archives.import refuses a bad change, a bad archive and broken xz, and keeps nothing', async () => {
  const { store } = await testStore();
  const tar = members([{ path: 'a', content: 'b' }]);
  const options = { reference: undefined, message: '', platform: linux };
  const attempt = (bytes: Uint8Array, changes: string[]) =>
    store.archives.import(chunks(bytes, 100), { ...options, changes });
  await expect(attempt(tar, ['RUN x'])).rejects.toThrow('RUN is not a valid change command');
  await expect(attempt(tar.subarray(0, 700), [])).rejects.toThrow('unexpected end');
  await expect(attempt(members([{ path: '../a' }]), [])).rejects.toThrow('leads out');
  await expect(attempt(Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0), [])).rejects.toThrow(
    'broken xz data',
  );
  expect([...store.blobs.list(), ...store.layers.list()]).toEqual([]);
});

test('Archives.import keeps the content of an xz or lzma archive as a plain layer, which is what images may hold', async () => {
  const tar = members([{ path: 'a', content: 'b' }]);
  const options = { reference: undefined, message: '', platform: linux, changes: [] };
  for (const format of ['xz', 'lzma']) {
    const { store } = await testStore();
    const archive = spawnSync('xz', ['-c', `--format=${format}`], { input: tar }).stdout;
    const id = await store.archives.import(chunks(archive, 50), options);
    const image = store.images.resolve(id);
    expect(image.config.diffIds).toEqual([sha256Digest(tar)]);
    expect([...store.blobs.list()]).toContain(sha256Digest(tar));
  }
});

test('Archives.save is read by skopeo in both of its forms, and what skopeo and podman write is loaded', async () => {
  const { store } = await testStore();
  const work = testDirectory();
  const id = await storeImage(store, ['one', 'two'], ['app:1'], { config: { Cmd: ['/x'] } });
  writeFileSync(join(work, 'saved.tar'), await whole(store.archives.save(['app:1'])));
  const podman = 'podman --root p --runroot r --tmpdir t --storage-driver vfs';
  const commands = [
    'skopeo copy docker-archive:saved.tar docker-archive:skopeo-docker.tar:other/app:2',
    'skopeo copy oci-archive:saved.tar oci-archive:skopeo-oci.tar:other/app:3',
    `${podman} load -i saved.tar`,
    `${podman} save -o podman-docker.tar app:1`,
    `${podman} save --format oci-archive -o podman-oci.tar app:1`,
  ];
  for (const command of commands) {
    const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: work });
    expect(`${command} ${status} ${status === 0 ? '' : stderr}`).toBe(`${command} 0 `);
  }
  const names: Record<string, string> = {
    'skopeo-docker.tar': 'other/app:2',
    'skopeo-oci.tar': 'other/app:3',
    'podman-docker.tar': 'app:1',
    'podman-oci.tar': 'app:1',
  };
  for (const [name, tag] of Object.entries(names)) {
    const other = await testStore();
    const stream = createReadStream(join(work, name));
    expect(await other.store.archives.load(stream, linux)).toEqual([{ id, name: tag }]);
  }
}, 60_000);

test('Store directory is an OCI layout that skopeo reads', async () => {
  const { store, root } = await testStore();
  const id = await storeImage(store, ['one'], ['app:1']);
  const { status, stdout } = spawnSync('skopeo', [
    'inspect',
    '--raw',
    `oci:${join(root, 'images')}`,
  ]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout.toString()).config.digest).toBe(id);
  expect(existsSync(join(root, 'images', 'oci-layout'))).toBe(true);
});

test('Archives.load gives up on indexes that name each other again and again', async () => {
  const { store } = await testStore();
  const type = 'application/vnd.oci.image.index.v1+json';
  const files = new Map<string, Uint8Array>();
  let manifests: object[] = [];
  // Three levels of a thousand each, and nothing at their end.
  for (let level = 0; level < 4; level += 1) {
    const bytes = json({ schemaVersion: 2, mediaType: type, manifests });
    const digest = sha256Digest(bytes);
    files.set(`blobs/sha256/${digest.slice(7)}`, bytes);
    manifests = Array(1000).fill({ mediaType: type, digest, size: bytes.length });
  }
  const index = json({ schemaVersion: 2, mediaType: type, manifests: manifests.slice(0, 1) });
  const all = [...files, ['index.json', index] as const].map(([path, bytes]) => file(path, bytes));
  await expect(store.archives.load(chunks(members(all), 5000))).rejects.toThrow(
    'its indexes list too much',
  );
});

test('Archives.load takes no image of more layers than any has', async () => {
  const { store } = await testStore();
  const many = dockerArchive(({ manifest }) => {
    manifest[0] = { ...manifest[0], Layers: Array(600).fill('abc/layer.tar') };
  });
  await expect(load(store, many)).rejects.toThrow('Layers must be at most 512 items');
});
