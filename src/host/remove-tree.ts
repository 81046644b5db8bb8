/** Removing directory trees that somebody else has made, of any depth. */

import type { Dirent } from 'node:fs';
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoName } from '../base/errors.ts';

/** A removal looks its way up from the top for every directory: the time would grow with the square of the depth. */
const MAX_DEPTH = 64;
/** With one more name still below PATH_MAX. */
const MAX_PATH_BYTES = 3_500;

/**
 * Removes what is at `path`; absence is success. Never follows a symbolic link. What lies deep is moved up beside `path`
 * first, under names that begin with its name and `.deep-`: a run that is cut short leaves those there.
 */
export async function removeTree(path: string): Promise<void> {
  const pieces = [path];
  const parent = dirname(path);
  for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
    for await (const deep of deepDirectories(piece)) {
      const place = join(parent, `${basename(path).slice(0, 64)}.deep-${crypto.randomUUID()}`);
      await rename(deep, place);
      pieces.push(place);
    }
    await rm(piece, { recursive: true, force: true });
  }
}

/** Those at which the walk turns back. */
async function* deepDirectories(top: string): AsyncGenerator<string, void, void> {
  const waiting = [{ path: top, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path, depth } = next;
    for (const entry of await entries(path)) {
      if (!entry.isDirectory()) continue;
      const child = join(path, entry.name);
      if (depth + 1 >= MAX_DEPTH || Buffer.byteLength(child) > MAX_PATH_BYTES) yield child;
      else waiting.push({ path: child, depth: depth + 1 });
    }
  }
}

/** What may be directories among what is in one. */
async function entries(path: string): Promise<Dirent[]> {
  try {
    // Its own two names: no directory is in it, however many files are (a file system that does not count says 1).
    if ((await lstat(path)).nlink === 2) return [];
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    const code = errnoName(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
