import { afterAll, expect, test } from 'bun:test';
import { removeTestDirectories } from '../testing/directory.ts';
import { reference, storeImage, storeManifest, testStore } from '../testing/test-store.ts';

afterAll(removeTestDirectories);

const gentle = { force: false, uses: [] };

test('Store.remove takes one of several names away and keeps the image', async () => {
  const { store } = await testStore();
  const id = await storeImage(store, ['one'], ['app:1', 'app:2']);
  expect(await store.remove('app:1', gentle)).toEqual([{ Untagged: 'app:1' }]);
  expect(store.images.resolve(id).tags).toEqual(['app:2']);
});

test('Store.remove removes the image with its last name, blobs and layers included', async () => {
  const { store } = await testStore();
  const keep = await storeImage(store, ['shared', 'kept'], ['keep:1']);
  const id = await storeImage(store, ['shared', 'gone'], ['app:1']);
  const layer = store.images.resolve(id).config.diffIds[1];
  expect(await store.remove('app:1', gentle)).toEqual([
    { Untagged: 'app:1' },
    { Deleted: id },
    { Deleted: layer ?? '' },
  ]);
  expect(store.images.list().map((image) => image.id)).toEqual([keep]);
  const kept = store.images.resolve(keep);
  expect(store.layers.list().sort()).toEqual([...kept.config.diffIds].sort());
  const blobs = [keep, kept.manifest.digest, ...kept.layers.map(({ blob }) => blob.digest)];
  expect(store.blobs.list().sort()).toEqual(blobs.sort());
});

test('Store.remove by id wants force for several names', async () => {
  const { store } = await testStore();
  const id = await storeImage(store, ['one'], ['app:1', 'other:1']);
  await expect(store.remove(id, gentle)).rejects.toThrow(
    `conflict: unable to delete ${id.slice(7, 19)} (must be forced) - image is referenced in multiple repositories`,
  );
  expect(await store.remove(id.slice(7, 19), { force: true, uses: [] })).toMatchObject([
    { Untagged: 'app:1' },
    { Untagged: 'other:1' },
    { Deleted: id },
    {},
  ]);
});

test('Store.remove takes the digest of a repository away with its last tag', async () => {
  const { store } = await testStore();
  const { manifest } = await storeManifest(store, ['one']);
  const names = ['app:1', `app@${manifest.digest}`, 'other:1'].map(reference);
  await store.admit({ manifest, names });
  expect(await store.remove('app:1', gentle)).toEqual([
    { Untagged: 'app:1' },
    { Untagged: `app@${manifest.digest}` },
  ]);
  expect(store.images.resolve('other:1').digests).toEqual([]);
});

test("Store.remove refuses, in Docker's words, what containers use", async () => {
  const { store } = await testStore();
  const id = await storeImage(store, ['one'], ['app:1']);
  const short = id.slice(7, 19);
  const use = { image: id, container: 'c'.repeat(64), running: false };
  await expect(store.remove('app:1', { force: false, uses: [use] })).rejects.toThrow(
    `conflict: unable to remove repository reference "app:1" (must force) - container ${'c'.repeat(12)} is using its referenced image ${short}`,
  );
  await expect(store.remove(id, { force: false, uses: [use] })).rejects.toThrow(
    `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container ${'c'.repeat(12)}`,
  );
  const running = { force: true, uses: [{ ...use, running: true }] };
  await expect(store.remove(id, running)).rejects.toThrow(
    `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container ${'c'.repeat(12)}`,
  );
  expect(await store.remove('app:1', running)).toEqual([{ Untagged: 'app:1' }]);
  expect(store.images.resolve(id).tags).toEqual([]);
});

test('Store.remove with force keeps the layers of an image as long as a stopped container uses it', async () => {
  const { store, used } = await testStore();
  const id = await storeImage(store, ['one'], ['app:1']);
  used.add(id);
  const uses = [{ image: id, container: 'c'.repeat(64), running: false }];
  expect(await store.remove(id, { force: true, uses })).toEqual([
    { Untagged: 'app:1' },
    { Deleted: id },
  ]);
  expect(store.images.find(id)).toBeUndefined();
  expect(store.images.list()).toEqual([]);
  expect(store.images.byId(id)?.directories.length).toBe(1);
  expect(store.layers.list().length).toBe(1);
  used.clear();
  await store.collect();
  expect(store.images.byId(id)).toBeUndefined();
  expect([...store.layers.list(), ...store.blobs.list()]).toEqual([]);
});

test('Store.hold keeps what no image names yet, and the collection follows it', async () => {
  const { store } = await testStore();
  const hold = await store.hold();
  const second = await store.hold();
  const { manifest } = await storeManifest(store, ['one']);
  expect(await store.collect()).toEqual({ blobs: [], layers: [], bytes: 0 });
  await second[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
  expect(store.blobs.has(manifest.digest)).toBe(true);
  await hold[Symbol.asyncDispose]();
  expect(store.blobs.list()).toEqual([]);
});

test('Store.collect tells what it removed', async () => {
  const { store } = await testStore();
  await storeImage(store, ['one'], ['app:1']);
  const stray = await store.blobs.addBytes(Buffer.from('stray'));
  expect(await store.collect()).toEqual({ blobs: [stray.digest], layers: [], bytes: 5 });
});
