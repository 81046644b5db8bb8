/** Where the content of files waits until it is copied: in memory while it is little, in one file when it is more. */

import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DiskRoom } from '../../store/index.ts';

const MEMORY_BYTES = 8 * 1024 * 1024;
const PIECE = 256 * 1024;

export class Spool implements AsyncDisposable {
  readonly #path: string;
  readonly #room: DiskRoom;
  #memory: Uint8Array[] = [];
  /** Offsets at which the pieces in memory begin. */
  #starts: number[] = [];
  #file: FileHandle | undefined;
  #size = 0;

  /** `path` is used once there is too much for memory. */
  constructor(path: string) {
    this.#path = path;
    this.#room = new DiskRoom(dirname(path));
  }

  get size(): number {
    return this.#size;
  }

  /** Takes the bytes over. */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#file === undefined && this.#size + bytes.length > MEMORY_BYTES) await this.#spill();
    if (this.#file === undefined) {
      this.#starts.push(this.#size);
      this.#memory.push(bytes.slice());
    } else {
      this.#room.take(bytes.length);
      await writeAll(this.#file, bytes, this.#size);
    }
    this.#size += bytes.length;
  }

  async *read(offset: number, size: number): AsyncGenerator<Uint8Array> {
    if (this.#file === undefined) {
      yield* this.#readMemory(offset, offset + size);
      return;
    }
    for (let at = offset; at < offset + size; ) {
      const buffer = new Uint8Array(Math.min(PIECE, offset + size - at));
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) throw new Error('the build context was cut short');
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#memory = [];
    await this.#file?.close();
    await rm(this.#path, { force: true });
  }

  *#readMemory(from: number, to: number): Generator<Uint8Array> {
    for (let index = this.#pieceAt(from); index < this.#memory.length; index += 1) {
      const start = this.#starts[index] ?? 0;
      if (start >= to) return;
      const piece = this.#memory[index] ?? new Uint8Array(0);
      yield piece.subarray(Math.max(from - start, 0), to - start);
    }
  }

  /** The last piece that begins at or before the offset. */
  #pieceAt(offset: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  async #spill(): Promise<void> {
    const file = await open(this.#path, 'wx+', 0o600);
    this.#file = file;
    let at = 0;
    for (const piece of this.#memory) {
      await writeAll(file, piece, at);
      at += piece.length;
    }
    this.#memory = [];
    this.#starts = [];
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
