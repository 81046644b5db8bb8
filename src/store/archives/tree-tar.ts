/**
 * A tree that is no directory anywhere, as operations, to a tar archive; overlayfs whiteouts become OCI ones. A tree of files gives the same
 * bytes through `shim tar`, which no operation of each file slows down.
 */

import { decodeXattrs } from '../../plan/encode.ts';
import type { Op, OpOf } from '../../plan/ops.ts';
import type { TarEntry, TarKind } from '../tar/entry.ts';
import { plainFile, tarEnd, tarHeader, tarPadding } from '../tar/writer.ts';

const KINDS: ReadonlyMap<number, TarKind> = new Map([
  [0o020000, 'character'],
  [0o060000, 'block'],
  [0o010000, 'fifo'],
]);
const TYPE_MASK = 0o170000;
const MODE_MASK = 0o7777;
const ZEROS = new Uint8Array(256 * 1024);

/** Throws when the operations are not a tree; ends with the archive's end at `tree-end`. */
export async function* treeToTar(ops: AsyncIterable<readonly Op[]>): AsyncGenerator<Uint8Array> {
  const writer = new TreeWriter();
  for await (const batch of ops) {
    for (const op of batch) yield* writer.push(op);
  }
  yield* writer.finish();
}

class TreeWriter {
  /** Of the current file. */
  #size = 0;
  #written = 0;

  *push(op: Op): Generator<Uint8Array> {
    if (op.op === 'tree-data') {
      yield* this.#data(op);
      return;
    }
    yield* this.#endFile();
    const entry = entryOf(op);
    if (entry === undefined || entry.path === '.') return;
    yield tarHeader(entry);
    this.#size = entry.size;
  }

  *finish(): Generator<Uint8Array> {
    yield* this.#endFile();
    yield tarEnd();
  }

  /** A file that grows or shrinks while it is read keeps the size that its header promised. */
  *#data({ offset, bytes }: OpOf<'tree-data'>): Generator<Uint8Array> {
    const start = Number(offset);
    if (start < this.#written || start > this.#size) return;
    yield* this.#zeros(start);
    const kept = bytes.subarray(0, this.#size - this.#written);
    this.#written += kept.length;
    yield kept;
  }

  *#endFile(): Generator<Uint8Array> {
    yield* this.#zeros(this.#size);
    yield tarPadding(this.#size);
    this.#size = 0;
    this.#written = 0;
  }

  *#zeros(end: number): Generator<Uint8Array> {
    while (this.#written < end) {
      const piece = ZEROS.subarray(0, Math.min(ZEROS.length, end - this.#written));
      this.#written += piece.length;
      yield piece;
    }
  }
}

function entryOf(op: Op): TarEntry | undefined {
  switch (op.op) {
    case 'tree-directory':
      return member(op, 'directory', {});
    case 'tree-file':
      return member(op, 'file', { size: Number(op.size) });
    case 'tree-symlink':
      return member({ ...op, mode: 0o777 }, 'symlink', { link: op.value });
    case 'tree-hardlink':
      return { ...plainFile(op.path, 0), kind: 'hardlink', link: op.value };
    case 'tree-device': {
      const kind = KINDS.get(op.mode & TYPE_MASK);
      return kind && member(op, kind, { major: op.major, minor: op.minor });
    }
    case 'tree-whiteout':
      return plainFile(whiteoutPath(op.path), 0);
    case 'tree-opaque':
      return plainFile(op.path === '.' ? '.wh..wh..opq' : `${op.path}/.wh..wh..opq`, 0);
    default:
      return undefined;
  }
}

function member(
  op: { path: string; mode: number; uid: number; gid: number; mtimeNs: bigint; xattrs: Uint8Array },
  kind: TarKind,
  more: Partial<TarEntry>,
): TarEntry {
  const xattrs = [...decodeXattrs(op.xattrs)].map(([name, value]) => ({ name, value }));
  return {
    kind,
    path: op.path,
    link: '',
    mode: op.mode & MODE_MASK,
    uid: op.uid,
    gid: op.gid,
    mtimeNs: op.mtimeNs,
    xattrs,
    size: 0,
    major: 0,
    minor: 0,
    ...more,
  };
}

function whiteoutPath(path: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return `${path.slice(0, slash)}.wh.${path.slice(slash)}`;
}
