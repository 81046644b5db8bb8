/** Blobs of an OCI image layout: `<directory>/blobs/<algorithm>/<hex>` (image-spec image-layout.md). */

import {
  createReadStream,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoName, TiffinError } from '../base/errors.ts';
import { randomSuffix, shortId } from '../base/ids.ts';
import { limits } from '../base/limits.ts';
import type { BlobStore, Digest } from '../spec/content.ts';
import {
  type DigestAlgorithm,
  Digester,
  digestAlgorithm,
  digestHex,
  isDigest,
} from '../spec/digest.ts';
import { DiskRoom } from './disk-room.ts';
import { NewFile, syncDirectory } from './durable-files.ts';

const READ_CHUNK = 256 * 1024;
const ALGORITHMS: readonly DigestAlgorithm[] = ['sha256', 'sha512'];
/** Temporary files. Not part of the layout, so hidden. When the store opens, only what a transfer can go on from stays. */
const INGEST = '.ingest';
/** `arriving-<hex>-<random>` while its writer lives, `partial-<hex>` when it broke off. */
const ARRIVING = 'arriving-';
const PARTIAL = 'partial-';
/** Less is fetched again sooner than it is looked for. */
const PARTIAL_MIN = 1024 * 1024;
/** Classes of failures after which the bytes themselves are not to be trusted, or the disk is full. */
const WRONG: ReadonlySet<string> = new Set(['invalid', 'exhausted']);

export class FileBlobStore implements BlobStore {
  readonly directory: string;

  /** Creates what is missing and removes what a crash left half-written. One process at a time. */
  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(join(directory, INGEST), { recursive: true, mode: 0o700 });
    for (const algorithm of ALGORITHMS) {
      mkdirSync(join(directory, 'blobs', algorithm), { recursive: true, mode: 0o700 });
    }
    this.#keepPartials();
  }

  has(digest: Digest): boolean {
    return statSync(this.path(digest), { throwIfNoEntry: false }) !== undefined;
  }

  size(digest: Digest): number {
    const stat = statSync(this.path(digest), { throwIfNoEntry: false });
    if (stat === undefined) throw missing(digest);
    return stat.size;
  }

  async *read(digest: Digest): AsyncGenerator<Uint8Array> {
    const stream = createReadStream(this.path(digest), { highWaterMark: READ_CHUNK });
    try {
      for await (const chunk of stream) yield chunk;
    } catch (error) {
      throw errnoName(error) === 'ENOENT' ? missing(digest) : error;
    } finally {
      stream.destroy();
    }
  }

  async readAll(digest: Digest, limit: number): Promise<Uint8Array> {
    return this.readAllSync(digest, limit);
  }

  /** `readAll` for the small blobs that a request waits for. */
  readAllSync(digest: Digest, limit: number): Uint8Array {
    const size = this.size(digest);
    if (size > limit) {
      throw new TiffinError(
        'invalid',
        'blob-too-large',
        `blob ${digest} of ${size} bytes is over the limit of ${limit}`,
      );
    }
    return readFileSync(this.path(digest));
  }

  async write(
    expected: { digest: Digest; size?: number },
    source: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    if (this.has(expected.digest)) {
      checkSize(expected, this.size(expected.digest));
      await source[Symbol.asyncIterator]().return?.();
      return;
    }
    await this.#ingest(source, expected);
  }

  async add(source: AsyncIterable<Uint8Array>): Promise<{ digest: Digest; size: number }> {
    return this.#ingest(source, undefined);
  }

  /** `add` for content in memory. */
  async addBytes(bytes: Uint8Array): Promise<{ digest: Digest; size: number }> {
    return this.add(once(bytes));
  }

  remove(digest: Digest): void {
    rmSync(this.path(digest), { force: true });
  }

  list(): Digest[] {
    return ALGORITHMS.flatMap((algorithm) =>
      readdirSync(join(this.directory, 'blobs', algorithm))
        .map((hex) => `${algorithm}:${hex}`)
        .filter(isDigest),
    );
  }

  /** Files among the blobs whose names are no digests, as paths below the layout. */
  strays(): string[] {
    return ALGORITHMS.flatMap((algorithm) =>
      readdirSync(join(this.directory, 'blobs', algorithm))
        .filter((hex) => !isDigest(`${algorithm}:${hex}`))
        .map((name) => join('blobs', algorithm, name)),
    );
  }

  /** Removes one of `strays`. */
  removeStray(path: string): void {
    rmSync(join(this.directory, path), { recursive: true, force: true });
  }

  /** Where the blob is or would be. A digest is only hex digits, so it cannot lead elsewhere. */
  path(digest: Digest): string {
    return join(this.directory, 'blobs', digestAlgorithm(digest), digestHex(digest));
  }

  /** A new name for a file that is to be renamed into the layout, as the blob of that digest if it is known. */
  temporary(digest?: Digest): string {
    const begin = digest === undefined ? '' : `${ARRIVING}${digestHex(digest)}-`;
    return join(this.directory, INGEST, `${begin}${randomSuffix()}`);
  }

  /** The beginning of a blob whose transfer broke off, once; undefined when there is none. */
  async partial(digest: Digest): Promise<AsyncGenerator<Uint8Array> | undefined> {
    try {
      const file = await open(this.partialPath(digest), 'r');
      // Whoever takes it goes on from it; two must not.
      rmSync(this.partialPath(digest), { force: true });
      return pieces(file);
    } catch {
      return undefined;
    }
  }

  /** A digest is only hex digits, and no temporary name begins like this. */
  partialPath(digest: Digest): string {
    return join(this.directory, INGEST, `${PARTIAL}${digestHex(digest)}`);
  }

  dropPartials(): void {
    for (const name of readdirSync(join(this.directory, INGEST))) {
      if (name.startsWith(PARTIAL)) rmSync(join(this.directory, INGEST, name), { force: true });
    }
  }

  /** For content that arrives by calls. End it by `commit` or `abandon`. */
  async begin(expected?: { digest: Digest; size?: number }): Promise<BlobWriter> {
    return new BlobWriter(this, await NewFile.create(this.temporary(expected?.digest)), expected);
  }

  /** After a kill: what was arriving becomes a beginning to go on from, the rest goes. The digest over the whole finds what is damaged. */
  #keepPartials(): void {
    const directory = join(this.directory, INGEST);
    let kept = 0;
    for (const name of readdirSync(directory).sort()) {
      const path = join(directory, name);
      const hex = name.startsWith(ARRIVING)
        ? (name.slice(ARRIVING.length).split('-', 1)[0] ?? '')
        : name.startsWith(PARTIAL)
          ? name.slice(PARTIAL.length)
          : '';
      const usable = hex !== '' && statSync(path).size >= PARTIAL_MIN && kept < limits.partialBlobs;
      if (usable) {
        renameSync(path, join(directory, `${PARTIAL}${hex}`));
        kept += 1;
      } else rmSync(path, { recursive: true, force: true });
    }
  }

  async #ingest(
    source: AsyncIterable<Uint8Array>,
    expected: { digest: Digest; size?: number } | undefined,
  ): Promise<{ digest: Digest; size: number }> {
    const writer = await this.begin(expected);
    try {
      for await (const chunk of source) await writer.write(chunk);
      return await writer.commit();
    } catch (error) {
      await writer.abandon(error);
      throw error;
    }
  }
}

export class BlobWriter {
  readonly #store: FileBlobStore;
  readonly #file: NewFile;
  readonly #expected: { digest: Digest; size?: number } | undefined;
  readonly #digester: Digester;
  readonly #room: DiskRoom;

  constructor(
    store: FileBlobStore,
    file: NewFile,
    expected: { digest: Digest; size?: number } | undefined,
  ) {
    this.#store = store;
    this.#file = file;
    this.#expected = expected;
    this.#digester = new Digester(expected && digestAlgorithm(expected.digest));
    this.#room = new DiskRoom(store.directory);
  }

  /** Bytes so far. */
  get size(): number {
    return this.#digester.size;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#room.take(chunk.length);
    this.#digester.update(chunk);
    // Stops a sender that never ends before the disk is full.
    const announced = this.#expected?.size ?? Number.POSITIVE_INFINITY;
    if (this.size > announced && this.#expected !== undefined) checkSize(this.#expected, this.size);
    await this.#file.write(chunk);
  }

  /** The content as it comes, not yet compared with anything; throws when the blob is abandoned. */
  follow(): Promise<AsyncGenerator<Uint8Array>> {
    return this.#file.follow();
  }

  /** Throws `invalid` when the content is not what was expected; then `abandon` is still due. */
  async commit(): Promise<{ digest: Digest; size: number }> {
    const { size } = this;
    const digest = this.#digester.finish();
    if (this.#expected !== undefined) checkContent(this.#expected, digest, size);
    const path = this.#store.path(digest);
    await this.#file.commit(path);
    await syncDirectory(dirname(path));
    return { digest, size };
  }

  /** Because of `error`: what came over a connection that broke or was cancelled stays, for the next one to go on from. */
  abandon(error?: unknown): Promise<void> {
    const isWrong = error instanceof TiffinError && WRONG.has(error.class);
    const keep = error !== undefined && !isWrong && this.size >= PARTIAL_MIN;
    if (!keep || this.#expected === undefined) return this.#file.abandon();
    return this.#file.abandon(this.#store.partialPath(this.#expected.digest));
  }
}

async function* pieces(file: FileHandle): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_CHUNK), 0);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function checkContent(
  expected: { digest: Digest; size?: number },
  digest: Digest,
  size: number,
): void {
  checkSize(expected, size);
  if (digest !== expected.digest) {
    throw new TiffinError(
      'invalid',
      'digest-mismatch',
      `content does not match its digest: expected ${expected.digest}, got ${digest}`,
      { hint: 'the source is damaged or has been changed on the way: fetch it again' },
    );
  }
}

function checkSize(expected: { digest: Digest; size?: number }, size: number): void {
  if (expected.size === undefined || expected.size === size) return;
  throw new TiffinError(
    'invalid',
    'size-mismatch',
    `blob ${shortId(expected.digest)} has ${size} bytes or more where ${expected.size} were announced`,
  );
}

function missing(digest: Digest): TiffinError {
  return new TiffinError('not-found', 'no-such-blob', `no such blob: ${digest}`);
}
