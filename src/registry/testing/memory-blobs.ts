/** A blob store in memory that verifies as the real one must. */

import { TiffinError } from '../../base/errors.ts';
import type { BlobStore, Digest } from '../../spec/content.ts';
import { sha256Digest } from '../../spec/digest.ts';

export function memoryBlobs(): BlobStore & { readonly held: ReadonlyMap<Digest, Uint8Array> } {
  const held = new Map<Digest, Uint8Array>();
  const found = (digest: Digest): Uint8Array => {
    const bytes = held.get(digest);
    if (bytes === undefined)
      throw new TiffinError('not-found', 'no-such-blob', `no such blob: ${digest}`);
    return bytes;
  };
  return {
    held,
    has: (digest) => held.has(digest),
    size: (digest) => found(digest).length,
    async *read(digest) {
      yield found(digest);
    },
    readAll: async (digest) => found(digest),
    async write(expected, source) {
      const bytes = await collect(source);
      const digest = sha256Digest(bytes);
      if (digest !== expected.digest) {
        throw new TiffinError(
          'invalid',
          'wrong-digest',
          `expected ${expected.digest}, got ${digest}`,
        );
      }
      held.set(digest, bytes);
    },
    async add(source) {
      const bytes = await collect(source);
      const digest = sha256Digest(bytes);
      held.set(digest, bytes);
      return { digest, size: bytes.length };
    },
  };
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}
