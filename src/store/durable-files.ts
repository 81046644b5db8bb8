/** Files that are either there as a whole after a crash, or not at all. */

import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoName, TiffinError } from '../base/errors.ts';

/** Collected before each write, so that small pieces do not cost a system call each. */
const BATCH = 256 * 1024;

/** A file under a temporary name. Ends by `commit` or `abandon`, and leaves nothing after `abandon` unless it is told to. */
export class NewFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  #batch: Uint8Array[] = [];
  #batched = 0;
  /** At most one write is under way, while the caller prepares the next one. */
  #writing: Promise<unknown> = Promise.resolve();
  /** Bytes that readers find in the file. */
  #readable = 0;
  #state: 'growing' | 'complete' | 'abandoned' = 'growing';
  /** Resolved, and replaced, when one of the two above changes. */
  #change = Promise.withResolvers<void>();

  private constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  static async create(path: string): Promise<NewFile> {
    return worded(path, async () => new NewFile(await open(path, 'wx', 0o600), path));
  }

  /** Takes the bytes; the caller must not change them any more. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#batch.push(bytes);
    this.#batched += bytes.length;
    if (this.#batched >= BATCH) await this.#flush();
  }

  /** Reads the content while it is written, from now to its end; throws when the file is abandoned. */
  async follow(): Promise<AsyncGenerator<Uint8Array>> {
    return this.#follow(await open(this.#path, 'r'));
  }

  /** Forces the content to the disk and gives the file its name. The caller syncs the directory. */
  async commit(path: string): Promise<void> {
    await worded(path, async () => {
      await this.#flush();
      await this.#writing;
      this.#notify('complete');
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.#path, path);
    });
  }

  /** With `keepAs` what was written so far stays under that name. */
  async abandon(keepAs?: string): Promise<void> {
    this.#notify('abandoned');
    await this.#writing.catch(() => undefined);
    await this.#handle.close().catch(() => undefined);
    const ended = keepAs === undefined ? unlink(this.#path) : rename(this.#path, keepAs);
    await ended.catch(() => undefined);
  }

  async #flush(): Promise<void> {
    await worded(this.#path, () => this.#writing);
    const batch = this.#batch;
    this.#batch = [];
    this.#batched = 0;
    this.#writing = this.#writeAll(batch);
    // Thrown by the next flush; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }

  async #writeAll(batch: readonly Uint8Array[]): Promise<void> {
    let rest = batch;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#handle.writev(rest);
      rest = behind(rest, bytesWritten);
      this.#readable += bytesWritten;
      this.#notify(this.#state);
    }
  }

  #notify(state: 'growing' | 'complete' | 'abandoned'): void {
    this.#state = state;
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }

  async *#follow(reader: FileHandle): AsyncGenerator<Uint8Array> {
    try {
      for (let at = 0; ; ) {
        if (this.#state === 'abandoned') throw new Error('the file was abandoned');
        const size = Math.min(this.#readable - at, BATCH);
        if (size === 0) {
          if (this.#state === 'complete') return;
          await this.#change.promise;
          continue;
        }
        const { bytesRead, buffer } = await reader.read(Buffer.allocUnsafe(size), 0, size, at);
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await reader.close();
    }
  }
}

/** What is left of the pieces after that many bytes; no empty ones. */
function behind(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let left = bytes;
  return pieces.flatMap((piece) => {
    const passed = Math.min(left, piece.length);
    left -= passed;
    return passed === piece.length ? [] : [piece.subarray(passed)];
  });
}

/** Makes renames and creations in a directory survive a crash of the machine. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Replaces a small file in one step. */
export async function replaceFile(
  path: string,
  bytes: Uint8Array,
  temporary: string,
): Promise<void> {
  const file = await NewFile.create(temporary);
  try {
    await file.write(bytes);
    await file.commit(path);
  } catch (error) {
    await file.abandon();
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** An error of the disk in words that name the file and the cure; anything else unchanged. */
export function wordDiskError(error: unknown, path: string): unknown {
  switch (errnoName(error)) {
    case 'ENOSPC':
      return new TiffinError('exhausted', 'disk-full', `no space left on device: writing ${path}`, {
        hint: 'free space with tiffin system prune, or move the data root to a larger disk',
        cause: error,
      });
    case 'EDQUOT':
      return new TiffinError('exhausted', 'disk-quota', `disk quota exceeded: writing ${path}`, {
        hint: 'raise the quota, or free space with tiffin system prune',
        cause: error,
      });
    case 'EROFS':
      return new TiffinError('denied', 'read-only-disk', `read-only file system: writing ${path}`, {
        cause: error,
      });
    default:
      return error;
  }
}

async function worded<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw wordDiskError(error, path);
  }
}
