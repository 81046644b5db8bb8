/** A store in a directory of its own, and small images for it. */

import { join } from 'node:path';
import { type Database, openDatabase } from '../../host/database.ts';
import type { Descriptor, Digest } from '../../spec/content.ts';
import { sha256Digest } from '../../spec/digest.ts';
import { mediaTypes } from '../../spec/image.ts';
import { type ImageReference, parseReference } from '../../spec/reference.ts';
import { openStore, type Store, type StoreOptions } from '../index.ts';
import { type LayerForms, layerForms } from '../layers/forms.ts';
import type { OpenTree } from '../layers/unpack.ts';
import { testDirectory } from './directory.ts';
import { members } from './tar-bytes.ts';

export const linux = { os: 'linux', architecture: 'amd64' };

export interface TestStore {
  store: Store;
  root: string;
  database: Database;
  /** Ids of images that containers are said to use. */
  used: Set<string>;
  reopen: () => Promise<Store>;
}

/** Accepts every tree and writes none: for tests of what stands around the layers. */
export const discardTrees: OpenTree = () => ({
  write: async () => {},
  finish: async () => ({ synced: Promise.resolve() }),
  abort: async () => {},
});

/** Every layer becomes a directory. */
export function directories(openTree: OpenTree): LayerForms {
  return layerForms(
    openTree,
    async () => '',
    async () => 'directory',
  );
}

export async function testStore(options: Partial<StoreOptions> = {}): Promise<TestStore> {
  const root = testDirectory();
  const used = new Set<string>();
  const database = openDatabase(join(root, 'tiffin.db'));
  const open = () =>
    openStore({
      root,
      database,
      shim: 'none',
      usedImages: () => used,
      layerForms: directories(discardTrees),
      ...options,
    });
  return { store: await open(), root, database, used, reopen: open };
}

/** An image with one layer per text, each a tar of one file; the manifest and all blobs are stored. */
export async function storeImage(
  store: Store,
  layers: readonly string[],
  names: readonly string[],
  more: object = {},
): Promise<Digest> {
  const { manifest } = await storeManifest(store, layers, more);
  const { id } = await store.admit({ manifest, names: names.map(reference) });
  return id;
}

export async function storeManifest(
  store: Store,
  layers: readonly string[],
  more: object = {},
): Promise<{ manifest: Descriptor; config: Digest }> {
  const descriptors: Descriptor[] = [];
  const diffIds: Digest[] = [];
  for (const content of layers) {
    const tar = members([{ path: 'file', content }]);
    descriptors.push({ mediaType: mediaTypes.ociLayer, ...(await store.blobs.addBytes(tar)) });
    diffIds.push(sha256Digest(tar));
  }
  const config = await store.blobs.addBytes(
    json({ ...linux, rootfs: { type: 'layers', diff_ids: diffIds }, ...more }),
  );
  const body = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, ...config },
    layers: descriptors,
  };
  const manifest = await store.blobs.addBytes(json(body));
  return { manifest: { mediaType: mediaTypes.ociManifest, ...manifest }, config: config.digest };
}

export function reference(text: string): ImageReference {
  return parseReference(text);
}

export function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
