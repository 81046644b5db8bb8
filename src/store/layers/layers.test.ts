import { afterAll, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { TiffinError } from '../../base/errors.ts';
import { openDatabase } from '../../host/database.ts';
import { shimPath } from '../../host/shim-binary.ts';
import { unpackTree } from '../../host/tree-process.ts';
import type { Descriptor, Digest, TransferProgress } from '../../spec/content.ts';
import { sha256Digest } from '../../spec/digest.ts';
import { mediaTypes } from '../../spec/image.ts';
import { FileBlobStore } from '../blobs.ts';
import { chunks } from '../testing/blob-store-contract.ts';
import { filesBelow, removeTestDirectories, testDirectory } from '../testing/directory.ts';
import { archive, members, padded, paxText, rawHeader, rawMember } from '../testing/tar-bytes.ts';
import { directories, discardTrees } from '../testing/test-store.ts';
import { type LayerForms, shimLayerForms } from './forms.ts';
import { Intake } from './intake.ts';
import { LayerStore } from './layers.ts';
import { LayerRecords } from './records.ts';
import type { OpenTree } from './unpack.ts';

afterAll(removeTestDirectories);

const shim = shimPath(testDirectory());
const withShim: OpenTree = (directory) => unpackTree(shim, directory);

function setUp(openTree = withShim, boot = 'boot-1') {
  const root = testDirectory();
  const database = openDatabase(':memory:');
  const blobs = new FileBlobStore(join(root, 'images'));
  const open = (bootId = boot) =>
    new LayerStore(
      join(root, 'layers'),
      blobs,
      new LayerRecords(database, bootId),
      directories(openTree),
    );
  return {
    root,
    blobs,
    layers: open(),
    reopen: open,
    names: () => readdirSync(join(root, 'layers')),
  };
}

async function addLayer(
  blobs: FileBlobStore,
  tar: Uint8Array,
): Promise<{ diffId: Digest; blob: Descriptor }> {
  const blob = { mediaType: mediaTypes.ociLayerGzip, ...(await blobs.addBytes(gzipSync(tar))) };
  return { diffId: sha256Digest(tar), blob };
}

async function unpacked(tar: Uint8Array): Promise<string> {
  const { layers, blobs } = setUp();
  const { diffId, blob } = await addLayer(blobs, tar);
  return layers.ensure(diffId, blob);
}

test('LayerStore.ensure writes files, links, devices and attributes as the archive has them', async () => {
  const directory = await unpacked(
    members([
      { path: './', kind: 'directory', mode: 0o711 },
      {
        path: 'bin/su',
        content: 'program',
        mode: 0o4755,
        uid: 12,
        gid: 34,
        mtimeNs: 1_000_000_000_500_000_000n,
      },
      { path: 'bin/same', kind: 'hardlink', link: 'bin/su' },
      { path: 'bin/abs', kind: 'symlink', link: '/../../../etc/passwd' },
      { path: 'dev/null', kind: 'character', mode: 0o666, major: 1, minor: 3 },
      { path: 'run/pipe', kind: 'fifo', mode: 0o600 },
      { path: 'etc', kind: 'directory', mode: 0o750, mtimeNs: 1_234_000_000_000n },
      { path: 'etc/inner', content: 'x' },
      { path: `${'d'.repeat(120)}/${'e'.repeat(200)}/${'f'.repeat(255)}`, content: 'deep' },
    ]),
  );
  expect(statSync(directory).mode & 0o7777).toBe(0o711);
  const su = statSync(join(directory, 'bin/su'));
  expect([su.mode & 0o7777, su.uid, su.gid, su.mtimeMs, su.nlink]).toEqual([
    0o4755, 12, 34, 1_000_000_000_500, 2,
  ]);
  expect(readFileSync(join(directory, 'bin/same'), 'utf8')).toBe('program');
  expect(readlinkSync(join(directory, 'bin/abs'))).toBe('/../../../etc/passwd');
  expect(lstatSync(join(directory, 'dev/null')).rdev).toBe(0x103);
  expect(lstatSync(join(directory, 'run/pipe')).isFIFO()).toBe(true);
  const etc = statSync(join(directory, 'etc'));
  expect([etc.mode & 0o7777, etc.mtimeMs]).toEqual([0o750, 1_234_000]);
  const deep = join(directory, 'd'.repeat(120), 'e'.repeat(200), 'f'.repeat(255));
  expect(readFileSync(deep, 'utf8')).toBe('deep');
});

test('LayerStore.ensure writes sparse files with holes', async () => {
  const size = 64 * 1024 * 1024;
  const directory = await unpacked(
    archive(
      rawMember(
        'x',
        'p',
        paxText({ 'GNU.sparse.size': `${size}`, 'GNU.sparse.map': `0,3,${size - 3},3` }),
      ),
      rawHeader({ name: 'sparse', size: '00000000006' }),
      padded('abcxyz'),
    ),
  );
  const { size: apparent, blocks } = statSync(join(directory, 'sparse'));
  expect(apparent).toBe(size);
  expect(blocks).toBeLessThan(64);
  const content = readFileSync(join(directory, 'sparse'));
  expect([content.subarray(0, 3), content.subarray(-3)].map(String)).toEqual(['abc', 'xyz']);
});

test('LayerStore.ensure writes extended attributes and whiteouts that overlayfs understands', async () => {
  const xattrs = [{ name: 'user.note', value: Buffer.from('kept') }];
  const directory = await unpacked(
    members([
      { path: 'noted', xattrs },
      { path: 'etc/.wh.gone' },
      { path: 'var/.wh..wh..opq' },
      { path: 'again', kind: 'directory' },
      { path: '.wh.again' },
    ]),
  );
  const attribute = (path: string, name: string) => {
    const code = 'import os,sys; print(os.getxattr(sys.argv[1], sys.argv[2]).decode())';
    return spawnSync('python3', ['-c', code, join(directory, path), name])
      .stdout.toString()
      .trim();
  };
  expect(attribute('noted', 'user.note')).toBe('kept');
  const gone = lstatSync(join(directory, 'etc/gone'));
  expect([gone.isCharacterDevice(), gone.rdev]).toEqual([true, 0]);
  expect(attribute('var', 'trusted.overlay.opaque')).toBe('y');
  expect(attribute('again', 'trusted.overlay.opaque')).toBe('y');
});

test('LayerStore.ensure keeps file names that are not UTF-8', async () => {
  const directory = await unpacked(
    archive(rawHeader({ patch: [[0, Uint8Array.of(0x61, 0xff, 0x62)]] })),
  );
  const [name] = readdirSync(directory, { encoding: 'buffer' });
  expect([...(name ?? [])]).toEqual([0x61, 0xff, 0x62]);
});

test('LayerStore.ensure never writes outside of its directory, whatever links the archive makes', async () => {
  const outside = testDirectory();
  writeFileSync(join(outside, 'victim'), 'untouched');
  const hostile: Uint8Array[] = [
    members([
      { path: 'l', kind: 'symlink', link: outside },
      { path: 'l/victim', content: 'evil' },
    ]),
    members([
      { path: 'l', kind: 'symlink', link: outside },
      { path: 'l', kind: 'directory' },
      { path: 'l/victim', content: 'evil' },
    ]),
    members([
      { path: 'l', kind: 'symlink', link: `../../../../../..${outside}` },
      { path: 'l/new', content: 'evil' },
    ]),
    members([
      { path: 'l', kind: 'symlink', link: `${outside}/victim` },
      { path: 'l', content: 'evil' },
    ]),
    members([
      { path: 'l', kind: 'symlink', link: outside },
      { path: 'h', kind: 'hardlink', link: 'l/victim' },
      { path: 'h', content: 'evil' },
    ]),
    members([{ path: 'h', kind: 'hardlink', link: `${outside}/victim` }]),
    members([
      { path: 'l', kind: 'symlink', link: `${outside}/victim` },
      { path: 'h', kind: 'hardlink', link: 'l' },
      { path: 'h', content: 'evil' },
    ]),
    members([{ path: 'l', kind: 'symlink', link: outside }, { path: 'l/.wh.victim' }]),
    members([
      { path: '.', kind: 'directory' },
      { path: 'a', kind: 'symlink', link: '.' },
      { path: 'a/a/a/x', content: 'y' },
    ]),
    members([{ path: 'l', kind: 'symlink', link: outside }, { path: 'l/.wh..wh..opq' }]),
    members([{ path: '../victim', content: 'evil' }]),
    members([{ path: 'x/../../victim', content: 'evil' }]),
  ];
  for (const tar of hostile) {
    await unpacked(tar).catch((error: Error) => expect(error.name).toBe('TiffinError'));
    expect(filesBelow(outside)).toEqual(['victim']);
    expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('untouched');
    expect(statSync(join(outside, 'victim')).nlink).toBe(1);
  }
});

test('LayerStore.ensure refuses content with another diffId, and damaged archives, and leaves nothing', async () => {
  const { layers, blobs, names } = setUp();
  const { diffId, blob } = await addLayer(blobs, members([{ path: 'a', content: 'b' }]));
  await expect(layers.ensure(sha256Digest('other'), blob)).rejects.toMatchObject({
    code: 'layer-mismatch',
  });
  const cut = await addLayer(blobs, members([{ path: 'a', content: 'b' }]).subarray(0, 600));
  await expect(layers.ensure(cut.diffId, cut.blob)).rejects.toThrow('unexpected end');
  const escaping = await addLayer(blobs, members([{ path: '../a' }]));
  await expect(layers.ensure(escaping.diffId, escaping.blob)).rejects.toThrow('leads out');
  expect(names()).toEqual([]);
  await layers.ensure(diffId, blob);
  expect(names()).toEqual([diffId.slice(7)]);
});

test('LayerStore.ensure unpacks once, for callers at the same time and later', async () => {
  let opened = 0;
  const { layers, blobs } = setUp((directory) => {
    opened += 1;
    return withShim(directory);
  });
  const { diffId, blob } = await addLayer(blobs, members([{ path: 'a', content: 'b' }]));
  const paths = await Promise.all([layers.ensure(diffId, blob), layers.ensure(diffId, blob)]);
  expect(await layers.ensure(diffId, blob)).toBe(layers.path(diffId));
  expect(paths).toEqual([layers.path(diffId), layers.path(diffId)]);
  expect(opened).toBe(1);
  expect(layers.size(diffId)).toBe(1);
});

test('LayerStore.ensure tells its progress in bytes of the blob', async () => {
  const { layers, blobs } = setUp();
  const { diffId, blob } = await addLayer(blobs, members([{ path: 'a', content: 'b' }]));
  const seen: TransferProgress[] = [];
  await layers.ensure(diffId, blob, (progress) => seen.push(progress));
  expect(seen.at(-1)).toEqual({
    id: blob.digest.slice(7, 19),
    status: 'Extracting',
    current: blob.size,
    total: blob.size,
  });
});

test('LayerStore.ensure tries again after a failure', async () => {
  let fail = true;
  const { layers, blobs, names } = setUp((directory) => {
    const tree = withShim(directory);
    return fail
      ? {
          ...discardTrees(directory),
          write: () => Promise.reject(new Error('broke')),
          abort: () => tree.abort(),
        }
      : tree;
  });
  const { diffId, blob } = await addLayer(blobs, members([{ path: 'a', content: 'b' }]));
  await expect(layers.ensure(diffId, blob)).rejects.toThrow('broke');
  expect(names()).toEqual([]);
  fail = false;
  expect(existsSync(join(await layers.ensure(diffId, blob), 'a'))).toBe(true);
});

test('LayerStore.ensure passes on what the shim reports', async () => {
  const { layers, blobs, names } = setUp();
  const { diffId, blob } = await addLayer(
    blobs,
    members([{ path: 'h', kind: 'hardlink', link: 'nowhere' }]),
  );
  await expect(layers.ensure(diffId, blob)).rejects.toThrow(/tree-hardlink h: ENOENT/);
  expect(names()).toEqual([]);
});

test('LayerStore.sweep removes half-made trees and trees or rows without the other', async () => {
  const { layers, blobs, root, reopen, names } = setUp();
  const kept = await addLayer(blobs, members([{ path: 'kept' }]));
  const lost = await addLayer(blobs, members([{ path: 'lost' }]));
  for (const { diffId, blob } of [kept, lost]) await layers.ensure(diffId, blob);
  await layers.synced();
  const directory = join(root, 'layers');
  for (const name of [`.tmp-1`, 'f'.repeat(64), 'x'])
    mkdirSync(join(directory, name, 'inner'), { recursive: true });
  spawnSync('mv', [layers.path(lost.diffId), join(root, 'elsewhere')]);
  const again = reopen();
  await again.sweep();
  expect(names()).toEqual([kept.diffId.slice(7)]);
  expect([again.has(kept.diffId), again.has(lost.diffId)]).toEqual([true, false]);
});

test('LayerStore.sweep distrusts a layer that was not synced when the machine went down', async () => {
  const never = Promise.withResolvers<void>();
  const { layers, blobs, reopen, names } = setUp((directory) => {
    const tree = withShim(directory);
    return {
      write: (pieces) => tree.write(pieces),
      finish: async () => {
        await tree.finish();
        return { synced: never.promise };
      },
      abort: () => tree.abort(),
    };
  });
  const { diffId, blob } = await addLayer(blobs, members([{ path: 'a' }]));
  await layers.ensure(diffId, blob);
  await reopen('boot-1').sweep();
  expect(names()).toEqual([diffId.slice(7)]);
  await reopen('boot-2').sweep();
  expect(names()).toEqual([]);
});

test('LayerStore.remove takes the tree away with whatever modes it has', async () => {
  const { layers, blobs, names } = setUp();
  const { diffId, blob } = await addLayer(
    blobs,
    members([
      { path: 'shut', kind: 'directory', mode: 0 },
      { path: 'shut/file', mode: 0 },
      { path: '.wh.x' },
    ]),
  );
  const path = await layers.ensure(diffId, blob);
  linkSync(join(path, 'shut/file'), join(path, 'second'));
  await layers.remove(diffId);
  expect(names()).toEqual([]);
  expect(layers.has(diffId)).toBe(false);
});

test('Intake unpacks a layer while its blob arrives, so that ensure finds it', async () => {
  let opened = 0;
  const { layers, blobs } = setUp((directory) => {
    opened += 1;
    return withShim(directory);
  });
  const intake = new Intake(blobs, layers);
  const tar = members([{ path: 'a', content: 'x'.repeat(100_000) }]);
  for (const bytes of [gzipSync(tar), tar]) {
    await intake.write({ digest: sha256Digest(bytes), size: bytes.length }, chunks(bytes, 1000));
    expect(layers.has(sha256Digest(tar))).toBe(true);
  }
  const json = Buffer.from('{"config": {}}');
  await intake.write({ digest: sha256Digest(json) }, chunks(json, 5));
  expect(opened).toBe(2);
  expect(blobs.list().length).toBe(3);
  expect(statSync(join(layers.path(sha256Digest(tar)), 'a')).size).toBe(100_000);
});

test('Intake publishes no tree of a blob that fails its digest, and keeps a blob that is no layer', async () => {
  const { layers, blobs, names } = setUp();
  const intake = new Intake(blobs, layers);
  const bytes = gzipSync(members([{ path: 'a', content: 'b' }]));
  const other = { digest: sha256Digest('other') };
  await expect(intake.write(other, chunks(bytes, 50))).rejects.toThrow('does not match');
  expect([...names(), ...blobs.list()]).toEqual([]);
  const escaping = gzipSync(members([{ path: '../a', content: 'x'.repeat(1_000_000) }]));
  await intake.write({ digest: sha256Digest(escaping) }, chunks(escaping, 50));
  expect(names()).toEqual([]);
  expect(blobs.has(sha256Digest(escaping))).toBe(true);
});

test('LayerStore.sweep gives up images that the kernel does not mount, and tells of every path that goes', async () => {
  const root = testDirectory();
  const blobs = new FileBlobStore(join(root, 'images'));
  const records = new LayerRecords(openDatabase(':memory:'), 'boot');
  const gone: string[] = [];
  const open = (forms: LayerForms) =>
    new LayerStore(join(root, 'layers'), blobs, records, forms, (path) => gone.push(path));
  const { diffId, blob } = await addLayer(blobs, members([{ path: 'a', content: 'x' }]));
  const before = open(shimLayerForms(shim, testDirectory()));
  const image = await before.ensure(diffId, blob);
  expect(image).toEndWith('.erofs');
  await before.synced();
  const after = open(directories(withShim));
  expect([...(await after.sweep())]).toEqual([diffId]);
  expect(readdirSync(join(root, 'layers'))).toEqual([]);
  expect(readFileSync(join(await after.ensure(diffId, blob), 'a'), 'utf8')).toBe('x');
  await after.remove(diffId);
  expect(gone).toEqual([join(root, 'layers', diffId.slice(7))]);
});

test('LayerStore.ensure makes a directory of a layer that is too large for an image', async () => {
  const root = testDirectory();
  const blobs = new FileBlobStore(join(root, 'images'));
  const plain = directories(withShim);
  const forms: LayerForms = {
    ...plain,
    preferred: async () => 'image',
    open: async (form, path) => {
      const sink = await plain.open('directory', path);
      if (form === 'directory') return sink;
      const take = () => {
        throw new TiffinError('unsupported', 'too-many-entries', 'too many');
      };
      return { take, drain: sink.drain, finish: sink.finish, abort: () => sink.abort() };
    },
  };
  const records = new LayerRecords(openDatabase(':memory:'), 'boot');
  const layers = new LayerStore(join(root, 'layers'), blobs, records, forms);
  const { diffId, blob } = await addLayer(blobs, members([{ path: 'a', content: 'x' }]));
  const path = await layers.ensure(diffId, blob);
  expect(readFileSync(join(path, 'a'), 'utf8')).toBe('x');
  expect(layers.has(await layers.create(blob))).toBe(true);
});
