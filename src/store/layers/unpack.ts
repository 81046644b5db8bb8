/** One layer from its blob into a tree: decompressed, hashed, parsed and written as it flows. */

import type { TreeSink } from '../../host/tree-process.ts';
import type { Digest } from '../../spec/content.ts';
import { Digester } from '../../spec/digest.ts';
import { decompress } from '../compression.ts';
import { TarReader } from '../tar/reader.ts';
import { TreeEncoder } from './tree-encoder.ts';

/** Begins to write a tree below a directory. */
export type OpenTree = (directory: string) => TreeSink;

export interface UnpackedTree {
  /** Digest of the uncompressed archive, all of it. */
  diffId: Digest;
  /** Bytes of all files. */
  size: number;
  synced: Promise<void>;
}

export async function unpackLayer(
  blob: AsyncIterable<Uint8Array>,
  tree: TreeSink,
): Promise<UnpackedTree> {
  const digester = new Digester();
  const reader = new TarReader();
  const encoder = new TreeEncoder();
  try {
    for await (const chunk of decompress(blob)) {
      encoder.encode(reader.push(chunk));
      const written = tree.write(encoder.take());
      // Hashed while the shim writes.
      digester.update(chunk);
      await written;
    }
    reader.finish();
    encoder.end();
    await tree.write(encoder.take());
    const { synced } = await tree.finish();
    return { diffId: digester.finish(), size: encoder.size, synced };
  } catch (error) {
    await tree.abort();
    throw error;
  }
}
