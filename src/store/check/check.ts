/**
 * `system fsck`: reads every blob, layer and reference of the store and compares them with what they must be. Blobs have
 * their digests; a layer is unpacked anew from its blob and compared; images need all of theirs.
 */

import { errorMessage, TiffinError } from '../../base/errors.ts';
import type { Digest } from '../../spec/content.ts';
import { Digester, digestAlgorithm } from '../../spec/digest.ts';
import type { FileBlobStore } from '../blobs.ts';
import type { Garbage } from '../garbage.ts';
import { readImage } from '../images/read-image.ts';
import type { ImageRecords, ImageRow } from '../images/records.ts';
import type { LayerStore } from '../layers/layers.ts';
import type { Layout } from '../layout.ts';
import type { CheckOptions, CheckReport, Problem } from './problem.ts';

export interface Checked {
  blobs: FileBlobStore;
  layers: LayerStore;
  records: ImageRecords;
  garbage: Garbage;
  layout: Layout;
}

/** Nothing is collected meanwhile; what arrives meanwhile is not looked at. */
export async function checkStore(store: Checked, options: CheckOptions): Promise<CheckReport> {
  const check = new Check(store, options);
  {
    await using _hold = await store.garbage.hold();
    await check.blobs();
    await check.images();
    await check.layers();
    await check.index();
  }
  await check.unused();
  return check.report;
}

class Check {
  readonly report: CheckReport = { blobs: 0, layers: 0, images: 0, problems: [] };
  readonly #store: Checked;
  readonly #options: CheckOptions;
  readonly #rows: readonly ImageRow[];
  /** Blobs that are there and right. */
  readonly #sound = new Set<Digest>();

  constructor(store: Checked, options: CheckOptions) {
    this.#store = store;
    this.#options = options;
    this.#rows = [...store.records.list(), ...store.records.removed()];
  }

  /** A damaged blob is removed: with its name taken, no pull would fetch it again. */
  async blobs(): Promise<void> {
    const { blobs } = this.#store;
    for (const digest of blobs.list()) {
      this.report.blobs += 1;
      if (await this.#isSound(digest)) {
        this.#sound.add(digest);
        continue;
      }
      const advice = `its content is not what its name says; ${this.#pullAgain(digest)}`;
      this.#found('blob-damaged', digest, advice, () => blobs.remove(digest));
    }
    for (const path of blobs.strays()) {
      this.#found('stray-file', path, 'no blob has such a name', () => blobs.removeStray(path));
    }
  }

  /** Every image needs its documents and its layers' blobs, and they must fit together. */
  async images(): Promise<void> {
    for (const row of this.#rows) {
      this.report.images += 1;
      const needed = [row.manifest, row.id, ...row.layers.map(({ blob }) => blob)];
      const missing = needed.filter((digest) => !this.#sound.has(digest));
      for (const digest of new Set(missing)) {
        if (!this.#store.blobs.has(digest)) this.#missing(row, digest);
      }
      if (missing.length > 0) continue;
      const manifest = {
        mediaType: row.manifestType,
        digest: row.manifest,
        size: row.manifestSize,
      };
      try {
        await readImage(this.#store.blobs, manifest);
      } catch (error) {
        this.#add('image-broken', this.#nameOf(row), errorMessage(error), false);
      }
    }
  }

  async layers(): Promise<void> {
    const { layers } = this.#store;
    const blobs = new Map(
      this.#rows.flatMap((row) => row.layers.map((layer) => [layer.diffId, layer] as const)),
    );
    for (const [diffId, { blob, blobType, blobSize }] of blobs) {
      this.report.layers += 1;
      // Without its blob there is nothing to compare with; the blob was named already.
      if (!this.#sound.has(blob)) continue;
      const descriptor = { mediaType: blobType, digest: blob, size: blobSize };
      const busy = this.#options.busyLayers.has(diffId);
      const repair = this.#options.repair && !busy;
      const hint = busy ? '; stop the containers that use it, and check again' : '';
      try {
        const state = await layers.verify(diffId, descriptor, repair);
        if (state === 'sound') continue;
        const detail =
          state === 'missing' ? 'it is not unpacked' : `it differs from its blob${hint}`;
        this.#add(state === 'missing' ? 'layer-missing' : 'layer-damaged', diffId, detail, repair);
      } catch (error) {
        const code = error instanceof TiffinError ? error.code : '';
        if (code === 'disk-full' || code === 'disk-quota') throw error;
        this.#add('layer-damaged', diffId, errorMessage(error), false);
      }
    }
  }

  async index(): Promise<void> {
    if (this.#store.layout.isCurrent()) return;
    const detail = 'index.json does not list the images that are here';
    this.#add('index-outdated', 'index.json', detail, this.#options.repair);
    if (this.#options.repair) await this.#store.layout.update();
  }

  /** What nobody refers to goes as it does after each removal; while something arrives, nothing is told to be unused. */
  async unused(): Promise<void> {
    const { blobs, layers } = await this.#store.garbage.unused();
    for (const digest of blobs)
      this.#add('blob-unused', digest, 'no image needs it', this.#options.repair);
    for (const diffId of layers)
      this.#add('layer-unused', diffId, 'no image needs it', this.#options.repair);
    if (this.#options.repair) await this.#store.garbage.collect();
  }

  async #isSound(digest: Digest): Promise<boolean> {
    const digester = new Digester(digestAlgorithm(digest));
    try {
      for await (const chunk of this.#store.blobs.read(digest)) digester.update(chunk);
    } catch {
      return false;
    }
    return digester.finish() === digest;
  }

  #missing(row: ImageRow, digest: Digest): void {
    if (this.report.problems.some((problem) => problem.subject === digest)) return;
    this.#add('blob-missing', digest, `pull again: ${this.#nameOf(row)}`, false);
  }

  #pullAgain(digest: Digest): string {
    const users = this.#rows.filter(
      (row) =>
        [row.id, row.manifest, row.index].includes(digest) ||
        row.layers.some(({ blob }) => blob === digest),
    );
    const names = users.map((row) => this.#nameOf(row));
    return names.length === 0 ? 'no image needs it' : `pull again: ${names.join(', ')}`;
  }

  #nameOf(row: ImageRow): string {
    return this.#store.records.names(row.id)[0] ?? row.id;
  }

  #found(kind: Problem['kind'], subject: string, detail: string, repair: () => void): void {
    if (this.#options.repair) repair();
    this.#add(kind, subject, detail, this.#options.repair);
  }

  #add(kind: Problem['kind'], subject: string, detail: string, repaired: boolean): void {
    this.report.problems.push({ kind, subject, detail, repaired });
  }
}
