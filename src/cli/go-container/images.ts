/** The folder of images: a directory that holds a root file system, or one archive of it. */

import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { CliError } from '../command.ts';
import type { FolderImage } from '../image-folder/reference.ts';

/** What the kinds of archive that can be read begin with, and at which byte. */
const MAGICS: readonly { at: number; bytes: string }[] = [
  { at: 0, bytes: '\x1f\x8b\x08' },
  { at: 0, bytes: '\x28\xb5\x2f\xfd' },
  { at: 0, bytes: '\xfd7zXZ\0' },
  { at: 257, bytes: 'ustar' },
];
const HEAD = 512;

/** `<images>/<name>`, else the only `<images>/<name>.*`. Throws with go-container's words. */
export function findImage(images: string, name: string): FolderImage {
  const path = resolve(images, name);
  // The folder itself, its parents and absolute paths are no images in it.
  const [archive, other] = path.startsWith(`${resolve(images)}/`) ? candidates(path) : [];
  if (archive === undefined) throw new CliError(`Unable to locate image ${name}`);
  if (other !== undefined) throw new CliError(`Ambiguous image ${name}; multiple images match`);
  if (archive === path) return { name, kind: 'directory', path };
  if (!isArchive(archive)) throw new CliError(`Unknown archive format for image ${name}`);
  return { name, kind: 'archive', path: archive };
}

function candidates(path: string): string[] {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? [path] : matches(path);
}

function matches(path: string): string[] {
  const [directory, start] = [dirname(path), `${basename(path)}.`];
  try {
    return readdirSync(directory)
      .filter((name) => name.startsWith(start))
      .map((name) => resolve(directory, name));
  } catch {
    // No such folder, or none that can be read: no image is in it.
    return [];
  }
}

function isArchive(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const head = readHead(path);
  return MAGICS.some(({ at, bytes }) => head.startsWith(bytes, at));
}

function readHead(path: string): string {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(HEAD);
    return head.toString('latin1', 0, readSync(file, head));
  } finally {
    closeSync(file);
  }
}
