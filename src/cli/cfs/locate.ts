/** Finds the root file system that a name stands for, in a folder of directories and archives. */

import { readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoName, errorMessage, TiffinError } from '../../base/errors.ts';
import type { FolderImage } from '../image-folder/reference.ts';

/** The first word of the names by which the engine knows the images. */
export const ROOM = 'tiffin-cfs';

const MAX_NAME_BYTES = 255;
const MAX_LISTED = 20;

/** What may stand behind a name. It only says that a file is meant; what is in it, its first bytes say. */
const ENDINGS = [
  ...['tar', 'tar.gz', 'tgz', 'tar.xz', 'txz', 'tar.zst', 'tar.lzma', 'tzst'],
  ...['cpio', 'cpio.gz', 'cpio.xz', 'cpio.zst', 'cpio.lzma', 'gz', 'xz', 'zst', 'lzma', 'img'],
];

/**
 * A directory of that name, else the file of that name, else the one archive `<name>.<ending>`. Names are case-sensitive. Throws
 * `not-found`, `invalid` for a name that is none, `conflict` where it fits several archives.
 */
export function locateImage(folder: string, name: string): FolderImage {
  checkName(name);
  const entries = listFolder(folder);
  const exact = entries.includes(name) ? statusOf(join(folder, name)) : undefined;
  if (exact?.isDirectory()) return located(folder, name, name, 'directory');
  if (exact?.isFile()) return located(folder, name, name, 'archive');
  const archives = ENDINGS.map((ending) => `${name}.${ending}`)
    .filter((file) => entries.includes(file))
    .filter((file) => statusOf(join(folder, file))?.isFile());
  const [archive, ...others] = archives;
  if (archive === undefined) throw missing(folder, name, entries);
  if (others.length > 0) {
    const message = `image ${name} is ambiguous: ${archives.join(', ')} in ${folder}`;
    throw new TiffinError('conflict', 'ambiguous-root', message, {
      hint: 'use the whole name of one of them',
    });
  }
  return located(folder, name, archive, 'archive');
}

/** What can be asked for in a folder; nothing when there is none. */
export function imageNames(folder: string): string[] {
  try {
    return [...new Set(listFolder(folder).map(withoutEnding))];
  } catch {
    return [];
  }
}

function withoutEnding(file: string): string {
  const ending = ENDINGS.filter((each) => file.endsWith(`.${each}`));
  const longest = Math.max(0, ...ending.map((each) => each.length + 1));
  return file.slice(0, file.length - longest);
}

/** One component of a path: a name that could leave the folder is refused before anything is looked up. */
function checkName(name: string): void {
  const bad =
    name === '' ||
    name === '.' ||
    name === '..' ||
    name.includes('/') ||
    name.includes('\0') ||
    Buffer.byteLength(name) > MAX_NAME_BYTES;
  if (!bad) return;
  const message = `invalid image name ${JSON.stringify(name.slice(0, MAX_NAME_BYTES))}`;
  throw new TiffinError('invalid', 'bad-root-name', message, {
    hint: 'use the name of something in the folder of images',
  });
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    const reason =
      errnoName(error) === 'ENOENT' ? 'there is no such directory' : errorMessage(error);
    const message = `cannot read the folder of images ${folder}: ${reason}`;
    throw new TiffinError('not-found', 'no-images-folder', message, {
      hint: 'name another one with --images or CFS_IMAGES',
      cause: error,
    });
  }
}

/** Undefined for a link that leads nowhere. */
function statusOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function located(
  folder: string,
  name: string,
  file: string,
  kind: FolderImage['kind'],
): FolderImage {
  return { name, kind, path: realpathSync(join(folder, file)) };
}

function missing(folder: string, name: string, entries: readonly string[]): TiffinError {
  const listed = entries.slice(0, MAX_LISTED).join(', ') || 'nothing';
  const more = entries.length > MAX_LISTED ? ', …' : '';
  return new TiffinError('not-found', 'no-such-root', `no image ${name} in ${folder}`, {
    hint: `there is: ${listed}${more}`,
  });
}
