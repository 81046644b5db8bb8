/**
 * A blob store for transfers: what looks like a layer is unpacked while it arrives, so that an image is ready soon after its
 * last byte. The tree gets its name, the digest of what was unpacked, only once the blob has proved to be the expected one.
 */

import { PassThrough } from 'node:stream';
import type { BlobStore, Digest } from '../../spec/content.ts';
import type { FileBlobStore } from '../blobs.ts';
import { drained, peek } from '../compression.ts';
import type { LayerStore, ReceivedLayer } from './layers.ts';

/** Bytes that may wait for a tree that is written more slowly than the blob. */
const WAITING_BYTES = 4 * 1024 * 1024;
/** Up to the magic of a tar header. */
const HEAD_BYTES = 265;

export class Intake implements BlobStore {
  readonly #blobs: FileBlobStore;
  readonly #layers: LayerStore;

  constructor(blobs: FileBlobStore, layers: LayerStore) {
    this.#blobs = blobs;
    this.#layers = layers;
  }

  has(digest: Digest): boolean {
    return this.#blobs.has(digest);
  }

  size(digest: Digest): number {
    return this.#blobs.size(digest);
  }

  read(digest: Digest): AsyncIterable<Uint8Array> {
    return this.#blobs.read(digest);
  }

  readAll(digest: Digest, limit: number): Promise<Uint8Array> {
    return this.#blobs.readAll(digest, limit);
  }

  add(source: AsyncIterable<Uint8Array>): Promise<{ digest: Digest; size: number }> {
    return this.#blobs.add(source);
  }

  async write(
    expected: { digest: Digest; size?: number },
    source: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    if (this.has(expected.digest)) return this.#blobs.write(expected, source);
    const { head, rest } = await peek(source, HEAD_BYTES);
    if (!looksLikeLayer(head)) return this.#blobs.write(expected, rest);
    const copy = new PassThrough({ highWaterMark: WAITING_BYTES });
    const unpacking = this.#unpack(copy);
    try {
      await this.#blobs.write(expected, tee(rest, copy));
    } catch (error) {
      copy.destroy();
      await (await unpacking)?.discard();
      throw error;
    }
    await (await unpacking)?.publish();
  }

  /** Undefined for what turns out to be no layer: whoever needs it as one will be told why. */
  async #unpack(copy: PassThrough): Promise<ReceivedLayer | undefined> {
    try {
      return await this.#layers.receive(copy);
    } catch {
      copy.destroy();
      return undefined;
    }
  }
}

/** gzip, zstd, or a tar header. */
function looksLikeLayer(head: Uint8Array): boolean {
  const starts = (...bytes: number[]) => bytes.every((byte, at) => head[at] === byte);
  const isTar = Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar';
  return starts(0x1f, 0x8b) || starts(0x28, 0xb5, 0x2f, 0xfd) || isTar;
}

/** Passes everything on, and a copy to a stream that may have ended before. */
async function* tee(
  source: AsyncIterable<Uint8Array>,
  copy: PassThrough,
): AsyncGenerator<Uint8Array> {
  // Of a stream that was destroyed on the other side, which has the reason.
  copy.on('error', () => undefined);
  for await (const chunk of source) {
    if (!copy.destroyed && !copy.write(chunk)) await drained(copy);
    yield chunk;
  }
  copy.end();
}
