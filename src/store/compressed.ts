/** Compressed copies of layers that were made here: written for the first push, and kept for every later one while an image has the layer. */

import type { Database } from '../host/database.ts';
import type { Descriptor, Digest } from '../spec/content.ts';
import { isDigest } from '../spec/digest.ts';
import { mediaTypes } from '../spec/image.ts';
import type { FileBlobStore } from './blobs.ts';
import { parallelGzip } from './parallel-gzip.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS compressed_layers (
  plain TEXT PRIMARY KEY,
  blob TEXT NOT NULL
) STRICT, WITHOUT ROWID;`;

const COMPRESSED: ReadonlyMap<string, string> = new Map([
  [mediaTypes.ociLayer, mediaTypes.ociLayerGzip],
  [mediaTypes.dockerLayer, mediaTypes.dockerLayerGzip],
]);

export class CompressedLayers {
  readonly #database: Database;
  readonly #blobs: FileBlobStore;
  /** Two pushes of one layer share the work. */
  readonly #underWay = new Map<Digest, Promise<Descriptor>>();

  constructor(database: Database, blobs: FileBlobStore) {
    database.schema(SCHEMA);
    this.#database = database;
    this.#blobs = blobs;
  }

  /** The layer as it travels: itself unless it is not compressed. The caller holds the store. */
  ensure(layer: Descriptor): Promise<Descriptor> {
    const mediaType = COMPRESSED.get(layer.mediaType);
    if (mediaType === undefined) return Promise.resolve(layer);
    const running = this.#underWay.get(layer.digest);
    if (running !== undefined) return running;
    const known = this.of(layer.digest);
    if (known !== undefined && this.#blobs.has(known)) {
      return Promise.resolve({ mediaType, digest: known, size: this.#blobs.size(known) });
    }
    const work = this.#compress(layer.digest, mediaType).finally(() => {
      this.#underWay.delete(layer.digest);
    });
    this.#underWay.set(layer.digest, work);
    return work;
  }

  /** The compressed copy of a layer, if one was made. */
  of(plain: Digest): Digest | undefined {
    const row = this.#database.get('SELECT blob FROM compressed_layers WHERE plain = ?', plain);
    const blob = row?.blob;
    return typeof blob === 'string' && isDigest(blob) ? blob : undefined;
  }

  /** Forgets the copies of layers that are gone. */
  keepOnly(layers: ReadonlySet<string>): void {
    for (const row of this.#database.all('SELECT plain FROM compressed_layers')) {
      if (layers.has(String(row.plain))) continue;
      this.#database.run('DELETE FROM compressed_layers WHERE plain = ?', String(row.plain));
    }
  }

  async #compress(plain: Digest, mediaType: string): Promise<Descriptor> {
    const blob = await this.#blobs.add(parallelGzip(this.#blobs.read(plain)));
    this.#database.run(
      'INSERT OR REPLACE INTO compressed_layers (plain, blob) VALUES (?, ?)',
      plain,
      blob.digest,
    );
    return { mediaType, ...blob };
  }
}
