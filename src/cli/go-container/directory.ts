/**
 * The directory of containers: `<id>/rootfs` leads to what the container has changed of its image. The files themselves are the
 * engine's, which removes them with the container.
 */

import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const LINK = 'rootfs';

/** `upper`: where the engine keeps the changes; nothing is made for an engine of another machine. */
export function enterContainer(directory: string, id: string, upper: string | undefined): void {
  if (upper === undefined || !existsSync(upper)) return;
  mkdirSync(join(directory, id), { recursive: true, mode: 0o755 });
  symlinkSync(upper, join(directory, id, LINK));
}

/** Entries of containers that were removed since. */
export function forgetRemoved(directory: string): void {
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    const entry = join(directory, name);
    if (ID.test(name) && isDangling(entry)) {
      unlinkSync(join(entry, LINK));
      rmdirSync(entry);
    }
  }
}

/** Holds the link and nothing else, and the link leads nowhere. */
function isDangling(entry: string): boolean {
  if (!lstatSync(entry).isDirectory() || readdirSync(entry).join() !== LINK) return false;
  const link = join(entry, LINK);
  return lstatSync(link).isSymbolicLink() && !existsSync(readlinkSync(link));
}
