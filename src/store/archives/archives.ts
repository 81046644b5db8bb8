/** Images and trees as archives, in and out. */

import {
  type PathStatus,
  pathStatus,
  type TarOptions,
  tarTree,
  unpackTree,
} from '../../host/tree-process.ts';
import { encodePlan } from '../../plan/encode.ts';
import type { Op, Plan } from '../../plan/ops.ts';
import type { Digest, OnProgress, Platform } from '../../spec/content.ts';
import type { ImageLayer, ImageRecord } from '../images/images.ts';
import type { Store } from '../index.ts';
import { type ExtractOptions, extractArchive } from './extract.ts';
import { type ImportOptions, importArchive } from './import.ts';
import { type LoadedImage, loadArchive } from './load.ts';
import { addImage, addLayer, type NewImage } from './new-image.ts';
import { saveArchive } from './save.ts';
import { readChanges, type TreeChange } from './tree-changes.ts';
import { treeToTar } from './tree-tar.ts';

export class Archives {
  readonly #store: Store;

  readonly #shim: string;

  constructor(store: Store, shim: string) {
    this.#store = store;
    this.#shim = shim;
  }

  load(
    archive: AsyncIterable<Uint8Array>,
    platform?: Platform,
    onProgress?: OnProgress,
  ): Promise<LoadedImage[]> {
    return loadArchive(this.#store, archive, platform, onProgress);
  }

  save(names: readonly string[], platform?: Platform): AsyncGenerator<Uint8Array> {
    return saveArchive(this.#store, names, platform);
  }

  import(archive: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<Digest> {
    return importArchive(this.#store, archive, options);
  }

  /** The tree at `path` in the root that the plan's steps lead to, as a tar archive; see `tarTree`. */
  exportTree(plan: Plan, path = '/', options: TarOptions = {}): AsyncGenerator<Uint8Array> {
    return tarTree(this.#shim, encodePlan(plan), path, options);
  }

  /** What is at a path of the root that the plan's steps lead to; see `pathStatus`. */
  status(plan: Plan, path: string): Promise<PathStatus> {
    return pathStatus(this.#shim, encodePlan(plan), path);
  }

  /** Unpacks an archive, maybe compressed, below a directory of the root that the plan's steps lead to. */
  extract(
    plan: Plan,
    directory: string,
    archive: AsyncIterable<Uint8Array>,
    options: ExtractOptions & { keepKinds: boolean },
  ): Promise<void> {
    const { keepKinds, ...more } = options;
    const tree = unpackTree(this.#shim, directory, encodePlan(plan), { keepKinds, noSync: true });
    return extractArchive(archive, tree, more);
  }

  /** `exportTree` as a layer of the store; undefined when the tree holds nothing. The caller holds the store. */
  addLayer(plan: Plan, options?: TarOptions): Promise<ImageLayer | undefined> {
    return addLayer(this.#store, this.exportTree(plan, '/', { ...options, isLayer: true }));
  }

  /** `addLayer` of a tree that is no directory anywhere: operations, ended by `tree-end`. */
  addTreeLayer(ops: AsyncIterable<readonly Op[]>): Promise<ImageLayer | undefined> {
    return addLayer(this.#store, treeToTar(ops));
  }

  /** An image of layers that are stored already. The caller holds the store. */
  addImage(image: NewImage): Promise<ImageRecord> {
    return addImage(this.#store, image);
  }

  /** What `upper`, an overlay's directory, changes of the root that the plan leads to; in no order, and without parents. */
  changes(plan: Plan, upper: string): Promise<TreeChange[]> {
    return readChanges(this.#shim, plan, upper);
  }
}
