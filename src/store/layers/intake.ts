/**
 * A blob store for transfers: what looks like a layer is unpacked while it arrives, so that an image is ready soon after its
 * last byte. Unpacking reads the growing file, so it neither slows the transfer down nor keeps anything in memory. The tree gets its name, the digest of what was unpacked, only once the blob has proved to be the expected one.
 */

import type { BlobStore, Digest } from '../../spec/content.ts';
import type { FileBlobStore } from '../blobs.ts';
import { peek } from '../compression.ts';
import type { LayerStore, ReceivedLayer } from './layers.ts';

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

  partial(digest: Digest): Promise<AsyncGenerator<Uint8Array> | undefined> {
    return this.#blobs.partial(digest);
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
    const writer = await this.#blobs.begin(expected);
    const unpacking = this.#unpack(await writer.follow());
    try {
      for await (const chunk of rest) await writer.write(chunk);
      await writer.commit();
    } catch (error) {
      await writer.abandon(error);
      await (await unpacking)?.discard();
      throw error;
    }
    await (await unpacking)?.publish();
  }

  /** Undefined for what turns out to be no layer: whoever needs it as one will be told why. */
  async #unpack(content: AsyncIterable<Uint8Array>): Promise<ReceivedLayer | undefined> {
    return this.#layers.receive(content).catch(() => undefined);
  }
}

/** gzip, zstd, or a tar header. */
function looksLikeLayer(head: Uint8Array): boolean {
  const starts = (...bytes: number[]) => bytes.every((byte, at) => head[at] === byte);
  const isTar = Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar';
  return starts(0x1f, 0x8b) || starts(0x28, 0xb5, 0x2f, 0xfd) || isTar;
}
