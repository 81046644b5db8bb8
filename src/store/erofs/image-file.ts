/** The file of an image: bytes appended in order, written behind in large pieces. */

import { type FileHandle, open } from 'node:fs/promises';
import { wordDiskError } from '../durable-files.ts';

const PIECE = 1024 * 1024;
/** A longer gap is left to the file system as a hole. */
const GAP = 64 * 1024;
/** Pieces that may be on their way to the file. */
const WAITING = 2;

export class ImageFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  #piece: Buffer = Buffer.allocUnsafe(PIECE);
  #filled = 0;
  /** Of the piece in the file. */
  #base = 0;
  readonly #free: Buffer[] = [];
  #writing: Promise<void> = Promise.resolve();
  #waiting = 0;

  private constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  /** A new file; only its owner may read it. */
  static async create(path: string): Promise<ImageFile> {
    try {
      return new ImageFile(await open(path, 'wx', 0o600), path);
    } catch (error) {
      throw wordDiskError(error, path);
    }
  }

  get position(): number {
    return this.#base + this.#filled;
  }

  /** Copies the bytes. */
  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const taken = Math.min(bytes.length - at, PIECE - this.#filled);
      this.#piece.set(
        at === 0 && taken === bytes.length ? bytes : bytes.subarray(at, at + taken),
        this.#filled,
      );
      this.#filled += taken;
      at += taken;
      if (this.#filled === PIECE) this.#send();
    }
  }

  /** Goes on at a later place; what lies between reads as zeros. */
  skipTo(position: number): void {
    const gap = position - this.position;
    if (gap <= Math.min(GAP, PIECE - this.#filled)) {
      this.#piece.fill(0, this.#filled, this.#filled + gap);
      this.#filled += gap;
      return;
    }
    this.#send();
    this.#base = position;
  }

  /** Resolves when more may be appended. @throws what a write failed with. */
  async drain(): Promise<void> {
    if (this.#waiting > WAITING) await this.#writing;
  }

  /** Writes what is left, then `head` at the very beginning: without it the file is no image. */
  async finish(head: Uint8Array): Promise<void> {
    const size = this.position;
    this.#send();
    await this.#writing;
    try {
      await this.#handle.truncate(size);
      await this.#handle.write(head, 0, head.length, 0);
    } catch (error) {
      throw wordDiskError(error, this.#path);
    }
  }

  async sync(): Promise<void> {
    try {
      await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
  }

  async abort(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#handle.close().catch(() => undefined);
  }

  #send(): void {
    const piece = this.#piece;
    const bytes = piece.subarray(0, this.#filled);
    const base = this.#base;
    this.#base += bytes.length;
    this.#filled = 0;
    if (bytes.length === 0) return;
    this.#piece = this.#free.pop() ?? Buffer.allocUnsafe(PIECE);
    this.#waiting += 1;
    this.#writing = this.#writing
      .then(() => this.#write(bytes, base))
      .then(() => {
        this.#waiting -= 1;
        this.#free.push(piece);
      });
    // Whoever drains gets the failure.
    this.#writing.catch(() => undefined);
  }

  async #write(bytes: Uint8Array, base: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(
          bytes,
          done,
          bytes.length - done,
          base + done,
        );
        done += bytesWritten;
      }
    } catch (error) {
      throw wordDiskError(error, this.#path);
    }
  }
}
