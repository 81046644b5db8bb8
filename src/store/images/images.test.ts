import { afterAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeIndex } from '../../spec/image.ts';
import { removeTestDirectories } from '../testing/directory.ts';
import {
  directories,
  json,
  reference,
  storeImage,
  storeManifest,
  testStore,
} from '../testing/test-store.ts';

afterAll(removeTestDirectories);

test('Images.resolve finds an image by name, id, start of the id and digest', async () => {
  const { store } = await testStore();
  const { manifest } = await storeManifest(store, ['one']);
  const names = ['app:1', `user/app@${manifest.digest}`].map(reference);
  const { id } = await store.admit({ manifest, names });
  const found = [
    'app:1',
    'docker.io/library/app:1',
    id,
    id.slice(7),
    id.slice(7, 19),
    id.slice(0, 15),
    `user/app@${manifest.digest}`,
    `user/app:any@${manifest.digest}`,
    manifest.digest,
  ];
  for (const name of found) expect(store.images.resolve(name).id).toBe(id);
  const record = store.images.resolve(id);
  expect(record.tags).toEqual(['app:1']);
  expect(record.digests).toEqual([`user/app@${manifest.digest}`]);
  expect(record.directories).toEqual(
    record.config.diffIds.map((diffId) => store.layers.path(diffId)),
  );
});

test("Images.resolve throws not-found with Docker's words", async () => {
  const { store } = await testStore();
  await storeImage(store, ['one'], ['app:1']);
  const messages: Record<string, string> = {
    app: 'No such image: app:latest',
    'app:2': 'No such image: app:2',
    'A B': 'No such image: A B',
    '': 'No such image: ',
    fff: 'No such image: fff:latest',
  };
  for (const [name, message] of Object.entries(messages)) {
    expect(() => store.images.resolve(name)).toThrow(message);
    expect(store.images.find(name)).toBeUndefined();
  }
});

test('Images.resolve prefers a name to an id and refuses an ambiguous start of an id', async () => {
  const { store } = await testStore();
  const ids: string[] = [];
  for (let count = 0; count < 40; count += 1)
    ids.push(await storeImage(store, ['x'], [], { author: `${count}` }));
  const [first = ''] = ids
    .map((id) => id.slice(7, 8))
    .filter((digit, at, all) => all.indexOf(digit) !== at);
  expect(() => store.images.resolve(first)).toThrow('ambiguous');
  await store.images.tag(ids[0] ?? '', reference(first.repeat(2)));
  expect(store.images.resolve(first.repeat(2)).id as string).toBe(ids[0] ?? '');
});

test('Images.tag moves a name from one image to another', async () => {
  const { store } = await testStore();
  const one = await storeImage(store, ['one'], ['app:1']);
  const two = await storeImage(store, ['two'], []);
  await store.images.tag(two, reference('app:1'));
  expect(store.images.resolve('app:1').id).toBe(two);
  expect(store.images.resolve(one).tags).toEqual([]);
  await store.images.tag('app:1', reference('localhost:5000/other'));
  expect(store.images.resolve(two).tags).toEqual(['app:1', 'localhost:5000/other:latest']);
  await expect(store.images.tag('none', reference('x'))).rejects.toMatchObject({
    class: 'not-found',
  });
});

test('Images.add refuses a manifest that does not fit its configuration', async () => {
  const { store } = await testStore();
  const { manifest } = await storeManifest(store, ['one'], {
    rootfs: { type: 'layers', diff_ids: [] },
  });
  await expect(store.admit({ manifest, names: [] })).rejects.toThrow(
    'the manifest names 1 layers, the configuration 0',
  );
  const other = await store.blobs.addBytes(json({ schemaVersion: 2, mediaType: 'x' }));
  const bad = { mediaType: '', ...other };
  await expect(store.admit({ manifest: bad, names: [] })).rejects.toThrow('unknown manifest type');
  expect(store.images.list()).toEqual([]);
});

test('Images keeps index.json a list of what is there, under complete names', async () => {
  const { store, root } = await testStore();
  await storeImage(store, ['one'], ['app:1', 'app:2']);
  const listed = () =>
    decodeIndex(readFileSync(join(root, 'images', 'index.json'))).manifests.map(
      ({ annotations }) => annotations?.['io.containerd.image.name'],
    );
  expect(listed()).toEqual(['docker.io/library/app:1', 'docker.io/library/app:2']);
  await store.remove('app:1', { force: false, uses: [] });
  expect(listed()).toEqual(['docker.io/library/app:2']);
  await store.remove('app:2', { force: false, uses: [] });
  expect(listed()).toEqual([]);
  expect(JSON.parse(readFileSync(join(root, 'images', 'oci-layout'), 'utf8'))).toEqual({
    imageLayoutVersion: '1.0.0',
  });
});

test('Store keeps its images when it is opened again', async () => {
  const { store, reopen } = await testStore();
  const id = await storeImage(store, ['one', 'two'], ['app:1'], {
    created: '2024-01-02T03:04:05Z',
  });
  const before = store.images.resolve(id);
  expect(before.createdMs).toBe(Date.UTC(2024, 0, 2, 3, 4, 5));
  expect(before.size).toBe(6);
  await store.close();
  const again = await reopen();
  expect(again.images.resolve('app:1')).toEqual(before);
});

test('Store.history pairs steps with layers, and knows layers without a step', async () => {
  const { store } = await testStore();
  const id = await storeImage(store, ['one', 'three'], ['app:1'], {
    history: [{ created_by: 'ADD one' }, { created_by: 'ENV a=b', empty_layer: true }],
  });
  const steps = store
    .history(store.images.resolve(id))
    .map(({ id, createdBy, size, tags }) => [id, createdBy, size, tags]);
  expect(steps).toEqual([
    [id, '', 5, ['app:1']],
    [undefined, 'ENV a=b', 0, []],
    [undefined, 'ADD one', 3, []],
  ]);
});

test('Store.recover unpacks again what the machine may have lost when it went down', async () => {
  let opened = 0;
  const openTree = () => {
    opened += 1;
    return {
      write: async () => {},
      finish: async () => ({ synced: new Promise<void>(() => {}) }),
      abort: async () => {},
    };
  };
  const { store, database, reopen } = await testStore({ layerForms: directories(openTree) });
  const id = await storeImage(store, ['one', 'two'], ['app:1']);
  database.run("UPDATE layers SET unsynced_boot = 'another boot' WHERE size = 3");
  expect(opened).toBe(2);
  const again = await reopen();
  expect(opened).toBe(4);
  expect(again.images.resolve(id).size).toBe(6);
});
