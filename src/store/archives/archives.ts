/** Images and trees as archives, in and out. */

import type { Digest, OnProgress, Platform } from '../../spec/content.ts';
import type { Store } from '../index.ts';
import { type ImportOptions, importArchive } from './import.ts';
import { type LoadedImage, loadArchive } from './load.ts';
import { saveArchive } from './save.ts';

export class Archives {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  load(
    archive: AsyncIterable<Uint8Array>,
    platform: Platform,
    onProgress?: OnProgress,
  ): Promise<LoadedImage[]> {
    return loadArchive(this.#store, archive, platform, onProgress);
  }

  save(names: readonly string[]): AsyncGenerator<Uint8Array> {
    return saveArchive(this.#store, names);
  }

  import(archive: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<Digest> {
    return importArchive(this.#store, archive, options);
  }
}
