import { afterAll, expect, test } from 'bun:test';
import type { Digest } from '../../spec/content.ts';
import { parseDigest } from '../../spec/digest.ts';
import type { Store } from '../index.ts';
import { removeTestDirectories } from '../testing/directory.ts';
import { json, reference, storeManifest, testStore } from '../testing/test-store.ts';

afterAll(removeTestDirectories);

const NONE = parseDigest(`sha256:${'0'.repeat(64)}`);
const NOT_HERE = process.arch === 'arm64' ? 'amd64' : 'arm64';
const HERE = process.arch === 'arm64' ? 'arm64' : 'amd64';

/** Images of both architectures under `app:1`, of the index if there is one. */
async function both(store: Store, index?: Digest): Promise<{ here: Digest; other: Digest }> {
  const ids: Digest[] = [];
  for (const architecture of [HERE, NOT_HERE]) {
    const { manifest } = await storeManifest(store, [architecture], { architecture });
    const { id } = await store.admit({ manifest, index, names: [reference('app:1')] });
    ids.push(id);
  }
  const [here = NONE, other = NONE] = ids;
  return { here, other };
}

async function anyIndex(store: Store): Promise<Digest> {
  return (await store.blobs.addBytes(json({ manifests: [] }))).digest;
}

test('Images of one index share a name, which alone means the one that runs here', async () => {
  const { store } = await testStore();
  await using _hold = await store.hold();
  const index = await anyIndex(store);
  const { here, other } = await both(store, index);
  expect(store.images.resolve('app:1').id).toBe(here);
  expect(store.images.allOf('app:1').map(({ id }) => id)).toEqual([here, other]);
  const foreign = { os: 'linux', architecture: NOT_HERE };
  expect(store.images.findFor('app:1', foreign)?.id).toBe(other);
  expect(store.images.findFor('app:1', { os: 'linux', architecture: 's390x' })).toBeUndefined();
  expect(store.images.findFor(here, foreign)).toBeUndefined();
  // A tag takes all of it along, and an index that the store lost is none.
  await store.images.tag('app:1', reference('copy:1'));
  expect(store.images.allOf('copy:1')).toHaveLength(2);
  expect(store.images.indexOf('copy:1')).toBe(index);
  store.blobs.remove(index);
  expect(store.images.indexOf('copy:1')).toBeUndefined();
});

test('Images of other indexes, or of none, take a name from each other', async () => {
  const { store } = await testStore();
  await using _hold = await store.hold();
  const { other } = await both(store);
  expect(store.images.allOf('app:1').map(({ id }) => id)).toEqual([other]);
  await both(store, await anyIndex(store));
  expect(store.images.allOf('app:1')).toHaveLength(2);
  const { manifest } = await storeManifest(store, ['newer']);
  await store.admit({ manifest, names: [reference('app:1')] });
  expect(store.images.allOf('app:1')).toHaveLength(1);
});

test('Store.remove takes one platform by its id, and the rest by the name', async () => {
  const { store } = await testStore();
  const { here, other } = await (async () => {
    await using _hold = await store.hold();
    return both(store, await anyIndex(store));
  })();
  const gentle = { force: false, uses: [] };
  const items = await store.remove(here, gentle);
  expect(items).not.toContainEqual({ Untagged: 'app:1' });
  expect(store.images.resolve('app:1').id).toBe(other);
  expect(await store.remove('app:1', gentle)).toContainEqual({ Deleted: other });
  expect(store.blobs.list()).toEqual([]);
});
