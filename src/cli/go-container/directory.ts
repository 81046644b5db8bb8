/**
 * The directory of containers: `<id>/rootfs` leads to what the container has changed of its image. The files themselves are the
 * engine's, which removes them with the container.
 */

import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '../../base/errors.ts';
import { CliError } from '../command.ts';

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const LINK = 'rootfs';

/** `upper`: where the engine keeps the changes; nothing is made for an engine of another machine. */
export function enterContainer(directory: string, id: string, upper: string | undefined): void {
  if (upper === undefined || !existsSync(upper)) return;
  try {
    mkdirSync(join(directory, id), { recursive: true, mode: 0o755 });
    symlinkSync(upper, join(directory, id, LINK));
  } catch (error) {
    throw new CliError(`cannot keep a container in ${directory}: ${errorMessage(error)}`);
  }
}

/** Entries of containers that were removed since. */
export function forgetRemoved(directory: string): void {
  for (const name of namesIn(directory)) {
    const entry = join(directory, name);
    if (!ID.test(name) || !isDangling(entry)) continue;
    rmSync(join(entry, LINK), { force: true });
    try {
      rmdirSync(entry);
    } catch {
      // Another run was quicker, or somebody has put a file beside the link.
    }
  }
}

/** The link leads nowhere. */
function isDangling(entry: string): boolean {
  const link = join(entry, LINK);
  const status = lstatSync(link, { throwIfNoEntry: false });
  return status?.isSymbolicLink() === true && !existsSync(link);
}

/** None where there is no directory yet; one that cannot be used is told of when it is. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
