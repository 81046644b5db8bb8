/** Digests: `<algorithm>:<lower-case hex>` (image-spec descriptor.md, section Digests). */

import { createHash } from 'node:crypto';
import { TiffinError } from '../base/errors.ts';
import { isHex } from '../base/ids.ts';
import type { Digest } from './content.ts';

export type DigestAlgorithm = 'sha256' | 'sha512';

const HEX_DIGITS: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha512', 128],
]);

/** The only way from text to a `Digest`. Throws `invalid` for anything else, so a digest is safe as a file name. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw new TiffinError(
      'invalid',
      'bad-digest',
      `invalid digest: ${JSON.stringify(text.slice(0, 160))}`,
    );
  }
  return text;
}

/** Whether `text` is a digest of an algorithm that Tiffin verifies. */
export function isDigest(text: string): text is Digest {
  const colon = text.indexOf(':');
  if (colon < 0) return false;
  const hex = text.slice(colon + 1);
  return hex.length === HEX_DIGITS.get(text.slice(0, colon)) && isHex(hex);
}

export function sha256Digest(bytes: Uint8Array | string): Digest {
  return parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The hex digits after the colon. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** Hashes a stream in the algorithm of the digest it is to be compared with. */
export class Digester {
  readonly #algorithm: DigestAlgorithm;
  readonly #hash: ReturnType<typeof createHash>;
  /** Bytes seen so far. */
  size = 0;

  constructor(algorithm: DigestAlgorithm = 'sha256') {
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.size += bytes.length;
  }

  /** Once only. */
  finish(): Digest {
    return parseDigest(`${this.#algorithm}:${this.#hash.digest('hex')}`);
  }
}
