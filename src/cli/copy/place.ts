/** The two sides of a copy, and docker's rules on how names come about at the destination. */

import { posix } from 'node:path';
import { CliError } from '../command.ts';

/** Absent container: a path of this machine; `-`: a tar stream. */
export interface Place {
  container?: string;
  path: string;
}

/** What is known of a path before the copy. */
export interface CopyInfo {
  /** May end with a slash or `/.`. */
  path: string;
  exists: boolean;
  isDirectory: boolean;
}

/** A member of an archive whose names begin with the source's last name gets this one. */
export type Rename = (name: string) => string;

/** `name:path`, unless it begins like a path. */
export function parsePlace(text: string): Place {
  const colon = text.indexOf(':');
  if (text.startsWith('/') || text.startsWith('.') || colon < 0) return { path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

/**
 * Where an archive of `source` goes so that it becomes `destination`: the directory to unpack it in and the names of its
 * members there. `lastName` is what the archive's members begin with, `.` for the content of a directory.
 */
export function target(
  source: CopyInfo,
  destination: CopyInfo,
  lastName: string,
): { directory: string; rename: Rename } {
  const { dir, base } = split(destination.path);
  if (destination.exists && destination.isDirectory) {
    return { directory: destination.path, rename: (name) => name };
  }
  if (destination.exists && source.isDirectory) throw new CliError('cannot copy directory');
  if (!destination.exists && !source.isDirectory && assertsDirectory(destination.path)) {
    throw new CliError('no such directory');
  }
  return { directory: dir, rename: (name) => renamed(name, lastName, base) };
}

/** The last name of a path as it was written: `.` where it ends with `/.`. */
export function lastName(path: string): string {
  return split(path).base;
}

export function assertsDirectory(path: string): boolean {
  return path.endsWith('/') || path.endsWith('/.') || path === '.';
}

function split(path: string): { dir: string; base: string } {
  const clean = posix.normalize(path);
  const plain = clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
  if (path.endsWith('/.') || path === '.') return { dir: plain, base: '.' };
  return { dir: posix.dirname(plain), base: posix.basename(plain) };
}

/** Names come without `./` in front. */
function renamed(name: string, from: string, to: string): string {
  if (from === '.' || from === '') return name === '.' ? to : `${to}/${name}`;
  if (name === from) return to;
  return name.startsWith(`${from}/`) ? `${to}${name.slice(from.length)}` : name;
}
