/** Finds the root file system that a name stands for, in a folder of directories and archives. */

import { readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoName, errorMessage } from '../../base/errors.ts';
import { CliError } from '../command.ts';
import type { FolderImage } from '../image-folder/reference.ts';

/** The first word of the names by which the engine knows the images. */
export const ROOM = 'tiffin-cfs';

const FAILED = 125;
const MAX_NAME_BYTES = 255;
const MAX_LISTED = 20;

/** What may stand behind a name. It only says that a file is meant; what is in it, its first bytes say. */
const ENDINGS = [
  ...['tar', 'tar.gz', 'tgz', 'tar.xz', 'txz', 'tar.zst', 'tar.lzma', 'tzst'],
  ...['cpio', 'cpio.gz', 'cpio.xz', 'cpio.zst', 'cpio.lzma', 'gz', 'xz', 'zst', 'lzma', 'img'],
];

/**
 * A directory of that name, else the file of that name, else the one archive `<name>.<ending>`. Names are case-sensitive. Throws
 * `CliError` with status 125.
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
    throw new CliError(
      `cfs: image ${name} is ambiguous: ${archives.join(', ')} in ${folder}`,
      FAILED,
    );
  }
  return located(folder, name, archive, 'archive');
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
  const shown = JSON.stringify(name.slice(0, MAX_NAME_BYTES));
  throw new CliError(
    `cfs: invalid image name ${shown}: it must be the name of something in the folder of images`,
    FAILED,
  );
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    const reason =
      errnoName(error) === 'ENOENT' ? 'there is no such directory' : errorMessage(error);
    throw new CliError(
      `cfs: cannot read the folder of images ${folder}: ${reason}\nname another one with --images or CFS_IMAGES`,
      FAILED,
    );
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

function missing(folder: string, name: string, entries: readonly string[]): CliError {
  const listed = entries.slice(0, MAX_LISTED).join(', ') || 'nothing';
  const more = entries.length > MAX_LISTED ? ', …' : '';
  return new CliError(`cfs: no image ${name} in ${folder}\nthere is: ${listed}${more}`, FAILED);
}
