/**
 * Unpacked layers: `<directory>/<diffId hex>`, one tree per layer, ready to be a lower directory of overlayfs.
 * A layer is there when its directory has its final name and its row exists; anything else is swept at the next start.
 */

import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import { randomSuffix, shortId } from '../../base/ids.ts';
import type { Descriptor, Digest, OnProgress } from '../../spec/content.ts';
import { digestHex, isDigest } from '../../spec/digest.ts';
import type { FileBlobStore } from '../blobs.ts';
import { syncDirectory, wordDiskError } from '../durable-files.ts';
import type { LayerRecords } from './records.ts';
import { type OpenTree, type UnpackedTree, unpackLayer } from './unpack.ts';

/** Part of every name that is not a layer's. */
const TEMPORARY = '.tmp-';

/** A complete tree that has no name yet. */
export interface ReceivedLayer {
  diffId: Digest;
  publish(): Promise<Digest>;
  discard(): Promise<void>;
}

export class LayerStore {
  readonly #directory: string;
  readonly #blobs: FileBlobStore;
  readonly #records: LayerRecords;
  readonly #openTree: OpenTree;
  readonly #underWay = new Map<Digest, Promise<string>>();
  readonly #syncing = new Set<Promise<void>>();

  constructor(directory: string, blobs: FileBlobStore, records: LayerRecords, openTree: OpenTree) {
    this.#directory = directory;
    this.#blobs = blobs;
    this.#records = records;
    this.#openTree = openTree;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /**
   * Removes what a crash left: temporary trees, trees without a row, rows without a tree, and trees whose content the machine
   * may have lost. Returns the layers of the last kind.
   */
  async sweep(): Promise<ReadonlySet<string>> {
    const doubtful = new Set(this.#records.doubtful());
    for (const diffId of doubtful) this.#records.delete(diffId);
    const names = new Set(readdirSync(this.#directory));
    for (const diffId of this.#records.list()) {
      if (!names.has(hexOf(diffId))) this.#records.delete(diffId);
    }
    const kept = new Set(this.#records.list().map(hexOf));
    for (const name of names) {
      if (!kept.has(name)) await removeTree(join(this.#directory, name));
    }
    return doubtful;
  }

  has(diffId: Digest): boolean {
    return this.#records.has(diffId);
  }

  path(diffId: Digest): string {
    return join(this.#directory, digestHex(diffId));
  }

  /** Bytes of its files; 0 for a layer that is not unpacked. */
  size(diffId: Digest): number {
    return this.#records.size(diffId);
  }

  list(): Digest[] {
    return this.#records.list().filter(isDigest);
  }

  /** The directory of the layer, unpacked from the blob unless that was done before. Callers for one layer share the work. */
  ensure(diffId: Digest, blob: Descriptor, onProgress?: OnProgress): Promise<string> {
    const running = this.#underWay.get(diffId);
    if (running !== undefined) return running;
    if (this.has(diffId)) return Promise.resolve(this.path(diffId));
    const work = this.#unpackBlob(diffId, blob, onProgress)
      .then(() => this.path(diffId))
      .finally(() => this.#underWay.delete(diffId));
    this.#underWay.set(diffId, work);
    return work;
  }

  /** Unpacks a blob whose diffId nobody knows yet; returns it. */
  async create(blob: Descriptor): Promise<Digest> {
    const received = await this.receive(this.#blobs.read(blob.digest));
    return received.publish();
  }

  /** Unpacks an archive, maybe compressed, that nobody vouches for yet: one of `publish` and `discard` is due. */
  async receive(source: AsyncIterable<Uint8Array>): Promise<ReceivedLayer> {
    const temporary = join(this.#directory, `${TEMPORARY}${randomSuffix()}`);
    try {
      await mkdir(temporary, { mode: 0o755 });
      const tree = await unpackLayer(source, this.#openTree(temporary));
      return {
        diffId: tree.diffId,
        publish: async () => {
          await removeTree(this.#publish(temporary, tree));
          return tree.diffId;
        },
        discard: async () => removeTree(temporary),
      };
    } catch (error) {
      await removeTree(temporary);
      throw wordDiskError(error, this.#directory);
    }
  }

  async remove(diffId: Digest): Promise<void> {
    this.#records.delete(diffId);
    const path = this.path(diffId);
    const doomed = `${path}${TEMPORARY}${randomSuffix()}`;
    // Renamed first: a half-removed tree must never have a layer's name.
    await rename(path, doomed).catch(() => undefined);
    await removeTree(doomed);
  }

  /** Resolves when every layer unpacked so far is on the disk. */
  async synced(): Promise<void> {
    await Promise.all(this.#syncing);
  }

  async #unpackBlob(
    diffId: Digest,
    blob: Descriptor,
    onProgress: OnProgress | undefined,
  ): Promise<void> {
    const source = this.#blobs.read(blob.digest);
    const layer = await this.receive(reported(source, blob, onProgress));
    if (layer.diffId !== diffId) {
      await layer.discard();
      throw wrongContent(diffId, layer.diffId);
    }
    await layer.publish();
  }

  /** Without waiting in between, so that no two publish at once. Returns the path of a tree that is not wanted. */
  #publish(temporary: string, tree: UnpackedTree): string {
    if (this.has(tree.diffId)) return temporary;
    const path = this.path(tree.diffId);
    const stray = `${path}${TEMPORARY}${randomSuffix()}`;
    if (existsSync(path)) renameSync(path, stray);
    renameSync(temporary, path);
    this.#records.put(tree.diffId, tree.size);
    const syncing = this.#settle(tree.diffId, tree.synced);
    this.#syncing.add(syncing);
    syncing.finally(() => this.#syncing.delete(syncing));
    return stray;
  }

  /** Containers may start before the disk has everything; until it has, the row remembers the doubt. */
  async #settle(diffId: Digest, synced: Promise<void>): Promise<void> {
    try {
      await synced;
      await syncDirectory(this.#directory);
      this.#records.markSynced(diffId);
    } catch {
      // The doubt stays in the row: after a crash of the machine the layer is unpacked again.
    }
  }
}

async function* reported(
  source: AsyncIterable<Uint8Array>,
  blob: Descriptor,
  onProgress: OnProgress | undefined,
): AsyncGenerator<Uint8Array> {
  let current = 0;
  for await (const chunk of source) {
    yield chunk;
    current += chunk.length;
    onProgress?.({ id: shortId(blob.digest), status: 'Extracting', current, total: blob.size });
  }
}

async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1);
}

function wrongContent(expected: Digest, actual: Digest): TiffinError {
  return new TiffinError(
    'invalid',
    'layer-mismatch',
    `layer content does not match the image configuration: expected ${expected}, got ${actual}`,
    { hint: 'the image is damaged: pull or load it again' },
  );
}
