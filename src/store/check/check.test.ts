import { afterAll, expect, test } from 'bun:test';
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { shimPath } from '../../host/shim-binary.ts';
import { unpackTree } from '../../host/tree-process.ts';
import type { Digest } from '../../spec/content.ts';
import type { Store } from '../index.ts';
import { treeDigest } from '../layers/compare.ts';
import { layerForms, shimLayerForms } from '../layers/forms.ts';
import { removeTestDirectories, testDirectory } from '../testing/directory.ts';
import { reference, storeImage, type TestStore, testStore } from '../testing/test-store.ts';

afterAll(removeTestDirectories);
const shim = shimPath(testDirectory());

const FORMS = {
  image: shimLayerForms(shim, testDirectory()),
  directory: layerForms(
    (path) => unpackTree(shim, path),
    (path) => treeDigest(shim, path),
    async () => 'directory',
  ),
};

async function storeWithImage(form: keyof typeof FORMS): Promise<TestStore & { id: Digest }> {
  const test = await testStore({ layerForms: FORMS[form] });
  const id = await storeImage(test.store, ['first layer', 'second layer'], ['app:1']);
  return { ...test, id };
}

const look = (store: Store, busyLayers: ReadonlySet<string> = new Set()) =>
  store.check({ repair: false, busyLayers });
const repair = (store: Store, busyLayers: ReadonlySet<string> = new Set()) =>
  store.check({ repair: true, busyLayers });
const shown = ({ problems }: Awaited<ReturnType<typeof look>>) =>
  problems.map(({ kind, repaired }) => `${kind}${repaired ? ' repaired' : ''}`);

/** Finds `problem` without changing it, then repairs it, then finds nothing. */
async function expectRepair(store: Store, problem: string): Promise<void> {
  expect(shown(await look(store))).toEqual([problem]);
  expect(shown(await look(store))).toEqual([problem]);
  expect(shown(await repair(store))).toEqual([`${problem} repaired`]);
  expect(shown(await look(store))).toEqual([]);
}

for (const form of ['image', 'directory'] as const) {
  test(`Store.check finds nothing in a sound store of layers as ${form}`, async () => {
    const { store } = await storeWithImage(form);
    expect(await look(store)).toEqual({ blobs: 4, layers: 2, images: 1, problems: [] });
  });

  test(`Store.check makes a missing ${form} anew`, async () => {
    const { store, id } = await storeWithImage(form);
    const [path = ''] = store.images.resolve(id).directories;
    rmSync(path, { recursive: true });
    await expectRepair(store, 'layer-missing');
    expect(existsSync(path)).toBe(true);
  });

  test(`Store.check replaces a damaged ${form}, but not under a running container`, async () => {
    const { store, id } = await storeWithImage(form);
    const { directories, config } = store.images.resolve(id);
    damage(directories[0] ?? '');
    const busy = new Set<string>(config.diffIds);
    const report = await repair(store, busy);
    expect(shown(report)).toEqual(['layer-damaged']);
    expect(report.problems[0]?.detail).toContain('stop the containers');
    await expectRepair(store, 'layer-damaged');
  });
}

/** One byte of content; the size and the times stay. */
function damage(layer: string): void {
  const path = readdirOrUndefined(layer) === undefined ? layer : join(layer, 'file');
  const bytes = readFileSync(path);
  bytes[bytes.indexOf('layer')] = 'L'.charCodeAt(0);
  writeFileSync(path, bytes);
  if (path !== layer) utimesSync(path, 0, 0);
}

function readdirOrUndefined(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}

test('Store.check compares attributes of a directory too', async () => {
  const { store, id } = await storeWithImage('directory');
  utimesSync(join(store.images.resolve(id).directories[0] ?? '', 'file'), 5, 5);
  await expectRepair(store, 'layer-damaged');
});

test('Store.check removes a damaged blob, so that a pull fetches it again, and names the image', async () => {
  const { store, id } = await storeWithImage('image');
  const { layers } = store.images.resolve(id);
  const blob = layers[0]?.blob.digest ?? id;
  truncateSync(store.blobs.path(blob), 100);
  const report = await repair(store);
  expect(shown(report)).toEqual(['blob-damaged repaired']);
  expect(report.problems[0]?.detail).toContain('pull again: docker.io/library/app:1');
  expect(store.blobs.has(blob)).toBe(false);
  expect(shown(await look(store))).toEqual(['blob-missing']);
  await storeImage(store, ['first layer', 'second layer'], ['app:1']);
  expect(shown(await look(store))).toEqual([]);
});

test('Store.check names a missing manifest and a missing configuration', async () => {
  const { store, id } = await storeWithImage('image');
  const { manifest } = store.images.resolve(id);
  store.blobs.remove(manifest.digest);
  store.blobs.remove(id);
  const { problems } = await look(store);
  expect(problems.map(({ kind, subject }) => [kind, subject])).toEqual([
    ['blob-missing', manifest.digest],
    ['blob-missing', id],
  ]);
});

test('Store.check brings index.json in order', async () => {
  const { store, root } = await storeWithImage('image');
  writeFileSync(join(root, 'images/index.json'), '{}');
  await expectRepair(store, 'index-outdated');
});

test('Store.check removes files that are no blobs, and what no image needs', async () => {
  const { store, root, database } = await storeWithImage('image');
  writeFileSync(join(root, 'images/blobs/sha256/notes.txt'), 'x');
  await expectRepair(store, 'stray-file');
  await store.blobs.addBytes(Buffer.from('left behind'));
  await expectRepair(store, 'blob-unused');
  database.run('DELETE FROM images');
  await store.images.tag('x', reference('y')).catch(() => undefined);
  expect(new Set(shown(await repair(store)))).toEqual(
    new Set(['index-outdated repaired', 'blob-unused repaired', 'layer-unused repaired']),
  );
  expect(readdirSync(join(root, 'layers'))).toEqual([]);
  expect(shown(await look(store))).toEqual([]);
});

test('Store.check tells nothing to be unused while something arrives', async () => {
  const { store } = await storeWithImage('image');
  await using _hold = await store.hold();
  await store.blobs.addBytes(Buffer.from('on its way'));
  expect(shown(await repair(store))).toEqual([]);
});
