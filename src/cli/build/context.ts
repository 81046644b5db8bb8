/** A directory as the context of a build: a tar stream of what the ignore file leaves in. */

import { createReadStream, lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { errorMessage } from '../../base/errors.ts';
import type { IgnoreRules } from '../../build/ignore.ts';
import type { TarEntry } from '../../store/tar/entry.ts';
import { plainFile, tarEnd, tarHeader, tarPadding } from '../../store/tar/writer.ts';
import { CliError } from '../command.ts';

/** Sockets, pipes and devices are no part of a context. */
export async function* contextArchive(
  root: string,
  rules: IgnoreRules,
): AsyncGenerator<Uint8Array> {
  yield* directory(root, '', rules);
  yield tarEnd();
}

async function* directory(
  root: string,
  path: string,
  rules: IgnoreRules,
): AsyncGenerator<Uint8Array> {
  for (const name of names(join(root, path))) {
    const below = path === '' ? name : `${path}/${name}`;
    const full = join(root, below);
    const status = lstatSync(full, { bigint: false, throwIfNoEntry: false });
    if (status === undefined) continue;
    const ignored = rules.ignores(below);
    if (status.isDirectory()) {
      if (!ignored) yield tarHeader(entry(below, status, { kind: 'directory' }));
      if (!ignored || rules.mayKeepBelow(below)) yield* directory(root, below, rules);
    } else if (ignored) {
      // Left out.
    } else if (status.isSymbolicLink()) {
      yield tarHeader(entry(below, status, { kind: 'symlink', link: readlinkSync(full) }));
    } else if (status.isFile()) {
      yield tarHeader(entry(below, status, { size: status.size }));
      yield* content(full, status.size);
    }
  }
}

function names(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    throw new CliError(`error checking context: ${errorMessage(error)}`);
  }
}

/** Owners stay here: what is copied is root's unless the Dockerfile says otherwise. */
function entry(path: string, status: Stats, more: Partial<TarEntry>): TarEntry {
  const mtimeNs = BigInt(Math.max(0, Math.trunc(status.mtimeMs))) * 1_000_000n;
  return { ...plainFile(path, 0), mode: status.mode & 0o7777, mtimeNs, ...more };
}

/** As many bytes as the header says, whatever happens to the file meanwhile. */
async function* content(path: string, size: number): AsyncGenerator<Uint8Array> {
  let left = size;
  if (size > 0) {
    const stream = createReadStream(path, { end: size - 1, highWaterMark: 256 * 1024 });
    for await (const chunk of stream) {
      left -= chunk.length;
      yield chunk;
    }
  }
  if (left > 0) throw new CliError(`${path} became shorter while it was read`);
  yield tarPadding(size);
}
