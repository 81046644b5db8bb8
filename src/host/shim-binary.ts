/** The shim as a file: extracted from this binary once per run root, checked before each use. */

import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import embedded from '../../dist/shim' with { type: 'file' };
import identity from '../../dist/shim.identity' with { type: 'text' };
import { errnoName, TiffinError } from '../base/errors.ts';

const SHIM_MODE = 0o500;

/**
 * The path of a copy at `<runRoot>/shim-<first 16 digits of its sha256>`, mode 0500, owned by this user. The name follows
 * the content, so an engine of another version leaves its own copy alone.
 *
 * @throws TiffinError `shim-untrusted` when something else stands at that name.
 */
export function shimPath(runRoot: string): string {
  const [digest = '', size] = identity.trim().split(' ');
  const name = `shim-${digest.slice(0, 16)}`;
  const path = join(runRoot, name);
  if (isTrusted(path, Number(size))) return path;
  const bytes = readFileSync(embedded);
  mkdirSync(runRoot, { recursive: true, mode: 0o700 });
  const temporary = join(runRoot, `.${name}.${process.pid}.${crypto.randomUUID().slice(0, 8)}`);
  const file = openSync(temporary, 'wx', 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
    chmodSync(temporary, SHIM_MODE);
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw cause;
  } finally {
    closeSync(file);
  }
  return path;
}

/** False: absent. What is there but is not ours is refused, never replaced: somebody put it there. */
function isTrusted(path: string, size: number): boolean {
  let status: ReturnType<typeof lstatSync>;
  try {
    status = lstatSync(path);
  } catch (cause) {
    if (errnoName(cause) === 'ENOENT') return false;
    throw cause;
  }
  const own =
    status.isFile() &&
    status.uid === (process.getuid?.() ?? 0) &&
    (status.mode & 0o7777) === SHIM_MODE &&
    status.size === size;
  if (own) return true;
  throw new TiffinError('denied', 'shim-untrusted', `${path} is not the shim this engine left`, {
    hint: `remove ${path} and see who can write to its directory`,
  });
}
