/** One layer from its blob into its place: decompressed, hashed, parsed and written as it flows. */

import type { TreeSink } from '../../host/tree-process.ts';
import type { Digest } from '../../spec/content.ts';
import { Digester } from '../../spec/digest.ts';
import { decompress } from '../compression.ts';
import type { DiskRoom } from '../disk-room.ts';
import { countPassing } from '../passing.ts';
import type { TarEvent } from '../tar/entry.ts';
import { TarReader } from '../tar/reader.ts';

/** Begins to write a tree below a directory. */
export type OpenTree = (directory: string) => TreeSink;

/** Where the members of a layer go. */
export interface LayerSink {
  /** Throws `invalid` for a member that no layer may hold. */
  take(events: readonly TarEvent[]): void;
  /** Resolves when more may be taken. */
  drain(): Promise<void>;
  /** Resolves with the bytes of all files when everything is in its place; `synced` when it is on the disk too. */
  finish(): Promise<{ size: number; synced: Promise<void> }>;
  /** Ends the work; what there is is to be thrown away. */
  abort(): Promise<void>;
}

export interface UnpackedLayer {
  /** Digest of the uncompressed archive, all of it. */
  diffId: Digest;
  /** Bytes of all files. */
  size: number;
  synced: Promise<void>;
}

export async function unpackLayer(
  blob: AsyncIterable<Uint8Array>,
  sink: LayerSink,
  room?: DiskRoom,
): Promise<UnpackedLayer> {
  const digester = new Digester();
  const reader = new TarReader();
  try {
    for await (const chunk of decompress(blob)) {
      room?.take(chunk.length);
      sink.take(reader.push(chunk));
      const drained = sink.drain();
      // Hashed while what was taken is being written.
      digester.update(chunk);
      await drained;
      countPassing(chunk.length);
    }
    reader.finish();
    return { ...(await sink.finish()), diffId: digester.finish() };
  } catch (error) {
    await sink.abort();
    throw error;
  }
}
