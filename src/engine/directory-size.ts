/** The apparent size of a directory tree. */

import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of the regular files below `root`, hard links once. What vanishes meanwhile does not count. */
export async function directorySize(root: string): Promise<number> {
  const linked = new Set<string>();
  const waiting = [root];
  let total = 0;
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    for (const entry of await entries(directory)) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile()) total += await fileSize(path, linked);
    }
  }
  return total;
}

async function entries(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

async function fileSize(path: string, linked: Set<string>): Promise<number> {
  try {
    const found = await lstat(path);
    if (found.nlink > 1) {
      const key = `${found.dev}:${found.ino}`;
      if (linked.has(key)) return 0;
      linked.add(key);
    }
    return found.size;
  } catch {
    return 0;
  }
}
