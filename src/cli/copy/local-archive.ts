/** Files of this machine as a tar stream. */

import { constants, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { decodeByteText, nativePath } from '../../base/byte-text.ts';
import type { TarEntry, TarKind } from '../../store/tar/entry.ts';
import { tarEnd, tarHeader, tarPadding } from '../../store/tar/writer.ts';

const CHUNK = 256 * 1024;
const TYPE_MASK = 0o170000n;

const KINDS: ReadonlyMap<bigint, TarKind> = new Map([
  [0o100000n, 'file'],
  [0o040000n, 'directory'],
  [0o120000n, 'symlink'],
  [0o020000n, 'character'],
  [0o060000n, 'block'],
  [0o010000n, 'fifo'],
]);

interface Walk {
  rename: (name: string) => string;
  /** First names of files that have several. */
  links: Map<string, string>;
  /** Where directories are gone into; undefined: everywhere. */
  device: bigint | undefined;
}

/**
 * `name` is the member's name of what is at `path`; `rename` is asked for every member. With `oneFileSystem` what is mounted below is left out,
 * but for the directory that it is mounted on.
 */
export async function* localArchive(
  path: string,
  name: string,
  rename: (name: string) => string,
  options: { oneFileSystem?: boolean } = {},
): AsyncGenerator<Uint8Array> {
  const device = options.oneFileSystem === true ? lstatSync(path, { bigint: true }).dev : undefined;
  yield* members(path, name, { rename, links: new Map(), device });
  yield tarEnd();
}

async function* members(path: string, name: string, walk: Walk): AsyncGenerator<Uint8Array> {
  const { rename, links, device } = walk;
  const status = lstatSync(nativePath(path), { bigint: true });
  const kind = KINDS.get(status.mode & TYPE_MASK);
  // A socket lives only with the program that listens on it.
  if (kind === undefined) return;
  const entry = describe(status, kind, rename(name));
  if (kind === 'symlink')
    entry.link = decodeByteText(readlinkSync(nativePath(path), { encoding: 'buffer' }));
  const inode = `${status.dev}:${status.ino}`;
  const first = kind !== 'directory' && status.nlink > 1n ? links.get(inode) : undefined;
  if (first !== undefined) {
    yield tarHeader({ ...entry, kind: 'hardlink', link: first, size: 0, xattrs: [] });
    return;
  }
  if (status.nlink > 1n) links.set(inode, entry.path);
  if (kind === 'file') yield* content(path, entry);
  else yield tarHeader(entry);
  if (kind !== 'directory' || status.dev !== (device ?? status.dev)) return;
  const children = readdirSync(nativePath(path), { encoding: 'buffer' }).map(decodeByteText);
  for (const child of children.sort()) {
    // Bun's `join` would change bytes that are not UTF-8.
    yield* members(`${path}/${child}`, name === '.' ? child : `${name}/${child}`, walk);
  }
}

/** A file that grows or shrinks while it is read keeps the size that its header promises. */
async function* content(path: string, entry: TarEntry): AsyncGenerator<Uint8Array> {
  const file: FileHandle = await open(nativePath(path), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    yield tarHeader(entry);
    let left = entry.size;
    while (left > 0) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.min(CHUNK, left)), 0);
      const piece = bytesRead === 0 ? buffer : buffer.subarray(0, bytesRead);
      left -= piece.length;
      yield piece;
    }
    yield tarPadding(entry.size);
  } finally {
    await file.close();
  }
}

function describe(
  status: {
    mode: bigint;
    uid: bigint;
    gid: bigint;
    size: bigint;
    mtimeNs: bigint;
    rdev: bigint;
  },
  kind: TarKind,
  path: string,
): TarEntry {
  const { rdev } = status;
  return {
    kind,
    path,
    link: '',
    mode: Number(status.mode & 0o7777n),
    uid: Number(status.uid),
    gid: Number(status.gid),
    mtimeNs: status.mtimeNs < 0n ? 0n : status.mtimeNs,
    xattrs: [],
    size: kind === 'file' ? Number(status.size) : 0,
    // makedev(3) of glibc.
    major: Number(((rdev >> 8n) & 0xfffn) + ((rdev >> 32n) & 0xfffff000n)),
    minor: Number((rdev & 0xffn) + ((rdev >> 12n) & 0xffffff00n)),
  };
}
