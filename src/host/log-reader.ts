/** Reads a container's log: forward across rotated files, from the last lines, and while it grows. */

import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { errnoName } from '../base/errors.ts';
import type { LogRecord } from './log-format.ts';
import { decodeRecords, LOG_HEAD_BYTES, LOG_PAYLOAD_BYTES, LOG_TAIL_BYTES } from './log-format.ts';

const READ_BYTES = 1024 * 1024;
const LINE_FEED = 10;
const LOOK_AGAIN_MS = 5;

/** A place in a log that stays right while files are rotated: the file by its inode. */
export interface LogPosition {
  inode: bigint;
  offset: number;
  /** Bytes of the first record's payload that lie before the place. */
  skip: number;
}

export interface LogFollow {
  /** Settles when the container has ended and no more is written. */
  ended: Promise<unknown>;
  signal?: AbortSignal;
}

/**
 * Batches of records, oldest first, from `start` or the oldest record kept. With `follow`, waits for more at the end.
 * Records are lost, not repeated, when rotation removes the file at `start` before it is read. Payloads of a batch are
 * views of one buffer, which is not used again. `end`: nothing behind it is read, so that a container that writes as fast
 * as it is read does not keep a reader for ever. The first batch is empty and comes when the log is open: who has it can
 * read what is written by then also after the container's removal.
 */
export async function* readLog(
  path: string,
  options: { start?: LogPosition; end?: LogPosition; follow?: LogFollow } = {},
): AsyncGenerator<LogRecord[], void, void> {
  const changes = options.follow === undefined ? undefined : new Changes(path, options.follow);
  const { end } = options;
  let file: OpenLog | undefined;
  try {
    file = await openStart(path, options.start);
    yield [];
    let skip = options.start?.inode === file?.inode ? (options.start?.skip ?? 0) : 0;
    for (;;) {
      if (end !== undefined && !(await reaches(path, file, end))) return;
      const more = changes?.next();
      let quiet = true;
      for await (const records of readFile(file, end)) {
        quiet = false;
        yield skip > 0 ? skipped(records, skip) : records;
        skip = 0;
      }
      if (end !== undefined && file?.inode === end.inode) return;
      const next: OpenLog | undefined = await openNext(path, file);
      if (next !== undefined) {
        // What was written between the last read and the rotation.
        yield* readFile(file);
        await file?.handle.close();
        file = next;
      } else if (more === undefined) {
        return;
      } else {
        if (!quiet) changes?.lookAgain();
        if (!(await more)) return;
      }
    }
  } finally {
    // Also for a reader that stops before the end.
    await file?.handle.close();
    changes?.close();
  }
}

/** Where the last `lines` lines before `end` begin; undefined: the log is not that long, or empty. */
export async function tailStart(
  path: string,
  lines: number,
  end?: LogPosition,
): Promise<LogPosition | undefined> {
  // A line feed at the very end closes the last line and begins none.
  let wanted = lines + 1;
  let last = true;
  let behind = end !== undefined;
  for (let index = 0; ; index++) {
    const file = await openFile(rotatedPath(path, index), 0);
    // Index 0 is absent in the moment between a rename and the new file.
    if (file === undefined && index === 0) continue;
    if (file === undefined) return undefined;
    try {
      const size = file.inode === end?.inode ? end.offset : undefined;
      behind &&= size === undefined;
      if (behind) continue;
      for await (const { offset, payload } of recordsBackward(file.handle, size)) {
        if (last && payload[payload.length - 1] !== LINE_FEED) wanted--;
        last = false;
        for (let at = payload.length; at > 0; ) {
          at = payload.lastIndexOf(LINE_FEED, at - 1);
          if (at < 0) break;
          wanted--;
          if (wanted <= 0) return { inode: file.inode, offset, skip: at + 1 };
        }
      }
    } finally {
      await file.handle.close();
    }
  }
}

/** The place behind the newest record: what a reader has now, or for one that wants only what comes. */
export async function logEnd(path: string): Promise<LogPosition | undefined> {
  // The newest may be absent in the moment between a rename and the new file.
  for (const index of [0, 1]) {
    try {
      const { ino, size } = await stat(rotatedPath(path, index), { bigint: true });
      return { inode: ino, offset: Number(size), skip: 0 };
    } catch (cause) {
      if (errnoName(cause) !== 'ENOENT') throw cause;
    }
  }
  return undefined;
}

interface OpenLog {
  handle: FileHandle;
  inode: bigint;
  offset: number;
}

/** Index 0 is the newest file. */
function rotatedPath(path: string, index: number): string {
  return index === 0 ? path : `${path}.${index}`;
}

async function openFile(path: string, offset: number): Promise<OpenLog | undefined> {
  try {
    const handle = await open(path, 'r');
    const { ino } = await handle.stat({ bigint: true });
    return { handle, inode: ino, offset };
  } catch (cause) {
    if (errnoName(cause) === 'ENOENT') return undefined;
    throw cause;
  }
}

/** The inodes of the files that exist, newest first. */
async function listInodes(path: string): Promise<bigint[]> {
  const inodes: bigint[] = [];
  for (let index = 0; ; index++) {
    try {
      inodes.push((await stat(rotatedPath(path, index), { bigint: true })).ino);
    } catch (cause) {
      // A gap at 0 is the moment between a rename and the new file.
      if (errnoName(cause) !== 'ENOENT') throw cause;
      if (index > 0) return inodes;
      inodes.push(-1n);
    }
  }
}

async function openStart(path: string, start?: LogPosition): Promise<OpenLog | undefined> {
  const inodes = await listInodes(path);
  const found = start === undefined ? -1 : inodes.indexOf(start.inode);
  for (let index = found < 0 ? inodes.length - 1 : found; index >= 0; index--) {
    const offset = index === found ? (start?.offset ?? 0) : 0;
    const file = await openFile(rotatedPath(path, index), offset);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** The file written after `file`; undefined: it is the newest. */
async function openNext(path: string, file: OpenLog | undefined): Promise<OpenLog | undefined> {
  if (file === undefined) return openStart(path);
  const index = (await listInodes(path)).indexOf(file.inode);
  if (index === 0) return undefined;
  // Not listed any more: it was rotated out, and the oldest kept is the next.
  if (index < 0) return openStart(path);
  return openFile(rotatedPath(path, index - 1), 0);
}

/** Whether `end` lies in `file` or in a newer one; when it was rotated out, all that is left lies behind it. */
async function reaches(
  path: string,
  file: OpenLog | undefined,
  end: LogPosition,
): Promise<boolean> {
  return file?.inode === end.inode || (await listInodes(path)).includes(end.inode);
}

/** Batches up to the end of the file as it is now, or up to `end` if that lies in it; `file.offset` moves along. */
async function* readFile(
  file: OpenLog | undefined,
  end?: LogPosition,
): AsyncGenerator<LogRecord[], void, void> {
  while (file !== undefined) {
    const left = file.inode === end?.inode ? end.offset - file.offset : READ_BYTES;
    if (left <= 0) return;
    const buffer = new Uint8Array(Math.min(left, READ_BYTES));
    const { bytesRead } = await file.handle.read(buffer, 0, buffer.length, file.offset);
    const { records, used } = decodeRecords(buffer.subarray(0, bytesRead));
    // No whole record: the end, or one that is being written.
    if (used === 0) return;
    file.offset += used;
    yield records;
  }
}

function skipped(records: LogRecord[], skip: number): LogRecord[] {
  const [first, ...rest] = records;
  if (first === undefined) return rest;
  const payload = first.payload.subarray(skip);
  return payload.length === 0 ? rest : [{ ...first, payload }, ...rest];
}

async function* recordsBackward(
  handle: FileHandle,
  size?: number,
): AsyncGenerator<{ offset: number; payload: Uint8Array }, void, void> {
  let end = size ?? Number((await handle.stat()).size);
  const least = LOG_HEAD_BYTES + LOG_TAIL_BYTES;
  while (end >= least) {
    const window = Math.min(end, READ_BYTES);
    const buffer = new Uint8Array(window);
    await handle.read(buffer, 0, window, end - window);
    const view = new DataView(buffer.buffer);
    let at = window;
    while (at >= least) {
      const length = view.getUint32(at - LOG_TAIL_BYTES, true);
      if (length > LOG_PAYLOAD_BYTES) return;
      const start = at - least - length;
      if (start < 0) break;
      const payload = buffer.subarray(start + LOG_HEAD_BYTES, at - LOG_TAIL_BYTES);
      yield { offset: end - window + start, payload };
      at = start;
    }
    if (at === window) return;
    end -= window - at;
  }
}

/** Tells when the log's directory has changed since the last question. */
class Changes {
  readonly #watcher: FSWatcher;
  readonly #signal: AbortSignal | undefined;
  #pending = Promise.withResolvers<boolean>();
  #over = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string, follow: LogFollow) {
    const name = basename(path);
    this.#signal = follow.signal;
    this.#watcher = watch(dirname(path), (_, changed) => {
      if (changed === null || changed === name) this.#pending.resolve(true);
    });
    // Once more after the end: what was written last may not have been read yet.
    const finish = (): void => {
      this.#over = true;
      this.#pending.resolve(true);
    };
    void follow.ended.then(finish, finish);
    follow.signal?.addEventListener('abort', finish, { once: true });
  }

  /** Asked before reading: a change during the read counts. False: nothing more will come. */
  next(): Promise<boolean> {
    if (this.#over || this.#signal?.aborted) return Promise.resolve(false);
    this.#pending = Promise.withResolvers<boolean>();
    return this.#pending.promise;
  }

  /**
   * The runtime's watcher drops an event that follows another within a millisecond, and with it the news of a last
   * write. So whoever has read something looks once more before going to sleep.
   */
  lookAgain(): void {
    const pending = this.#pending;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => pending.resolve(true), LOOK_AGAIN_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watcher.close();
  }
}
