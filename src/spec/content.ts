/**
 * Content-addressed data and the capabilities through which rooms hand it to each other:
 * `registry` fills what `store` keeps, and neither knows the other.
 */

/** `sha256:` and 64 lower-case hex digits (or sha512 and 128); minted only by `parseDigest`. */
export type Digest = string & { readonly __brand: 'Digest' };

/** OCI content descriptor (image-spec descriptor.md). Unknown fields are kept. */
export interface Descriptor {
  mediaType: string;
  digest: Digest;
  /** Bytes. */
  size: number;
  annotations?: Record<string, string>;
  platform?: Platform;
  artifactType?: string;
  data?: string;
}

/** OCI platform (image-spec image-index.md). */
export interface Platform {
  architecture: string;
  os: string;
  'os.version'?: string;
  'os.features'?: string[];
  variant?: string;
}

export interface BlobStore {
  has(digest: Digest): boolean;
  /** Size in bytes; throws `not-found` when absent. */
  size(digest: Digest): number;
  /** The content in chunks; throws `not-found` when absent. */
  read(digest: Digest): AsyncIterable<Uint8Array>;
  /** The whole content; throws `invalid` when larger than `limit` bytes. */
  readAll(digest: Digest, limit: number): Promise<Uint8Array>;
  /**
   * Stores what `source` yields. Verifies digest and size while it streams; on any failure nothing stays behind.
   * Idempotent; concurrent writers of one digest are allowed.
   */
  write(
    expected: { digest: Digest; size?: number },
    source: AsyncIterable<Uint8Array>,
  ): Promise<void>;
  /** The beginning of a blob whose `write` broke off, if the store keeps such; only the first to ask gets it. */
  partial?(digest: Digest): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Stores content whose digest is not known before; returns digest and size. */
  add(source: AsyncIterable<Uint8Array>): Promise<{ digest: Digest; size: number }>;
}

/** One event of a transfer; the API turns it into Docker's progress JSON, the command line into bars. */
export interface TransferProgress {
  /** Short layer id, tag or digest the event is about; empty for the transfer as a whole. */
  id: string;
  /** Docker's words: `Pulling fs layer`, `Downloading`, `Verifying Checksum`, `Download complete`, `Extracting`, `Pull complete`, `Already exists`. */
  status: string;
  current?: number;
  total?: number;
}

export type OnProgress = (progress: TransferProgress) => void;
