/** The folder of images: a directory that holds a root file system, or one archive of it. */

import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import { CliError } from '../command.ts';
import { errorText } from '../error-text.ts';
import type { FolderImage } from '../image-folder/reference.ts';

/** `<images>/<name>`, else the only `<images>/<name>.*`. Throws with go-container's words. */
export function findImage(images: string, name: string): FolderImage {
  const path = resolve(images, name);
  // The folder itself, its parents and absolute paths are no images in it.
  const [archive, other] = path.startsWith(`${resolve(images)}/`) ? candidates(path) : [];
  if (archive === undefined) throw new CliError(`Unable to locate image ${name}`);
  if (other !== undefined) throw new CliError(`Ambiguous image ${name}; multiple images match`);
  if (archive === path) return { name, kind: 'directory', path };
  if (statSync(archive, { throwIfNoEntry: false })?.isFile() !== true) throw unknownFormat(name);
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

/** The words of go-container, and behind them why, where the reason is the file. */
export function archiveFailure(error: unknown, { name }: FolderImage): unknown {
  if (!(error instanceof TiffinError)) return error;
  if (error.code === 'unknown-root-archive') return unknownFormat(name, `\n${errorText(error)}`);
  return new CliError(`Error extracting image ${name}: ${errorText(error)}`);
}

function unknownFormat(name: string, reason = ''): CliError {
  return new CliError(`Unknown archive format for image ${name}${reason}`);
}
