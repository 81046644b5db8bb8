/** A source of files as tree operations: an index in memory, or layers read by the shim. One shape for both. */

import { posix } from 'node:path';
import { pathStatus } from '../../host/tree-process.ts';
import { encodePlan, encodeXattrs } from '../../plan/encode.ts';
import type { Op } from '../../plan/ops.ts';
import { packTreeOps } from '../../store/archives/packed-tree.ts';
import type { Xattr } from '../../store/tar/entry.ts';
import type { FileEntry, FileTree } from './file-tree.ts';
import type { LayersView } from './layers-view.ts';

/** One entry or a piece of a file's content. `path`, and what a hard link leads to, is relative to what was asked for; the thing itself is the empty text. */
export interface Placed {
  path: string;
  op: Op;
  /** Of a file's content, where that is known without reading it. */
  digest?: string;
  /** The same for all names of one file, where that is known. */
  inode?: number;
}

export interface TreeSource {
  /** The owners are those of the files; false: everything is root's. */
  readonly keepsOwners: boolean;
  /** Paths of the whole tree below `prefix`, relative to the top. */
  list(prefix: string): AsyncIterable<string>;
  /** What a path leads to, links followed; undefined when there is nothing. */
  kindOf(path: string): Promise<'directory' | 'other' | undefined>;
  /**
   * The entry at a path, links followed, and everything in it; undefined when there is none. `heads`: without content
   * where a digest stands for it.
   */
  open(path: string, heads?: boolean): Promise<AsyncIterable<Placed[]> | undefined>;
}

const TYPE_BITS: Readonly<Record<FileEntry['kind'], number>> = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  character: 0o020000,
  block: 0o060000,
  fifo: 0o010000,
};
const TYPE_MASK = 0o170000;
const MAX_LINKS = 40;
const BATCH_BYTES = 512 * 1024;
const BATCH_ENTRIES = 64;
const NO_XATTRS = new Uint8Array(0);

export function indexSource(
  tree: FileTree,
  options: { keepsOwners: boolean; ignores?: (path: string) => boolean },
): TreeSource {
  // A device in a context would be one that its sender chose; an archive that is unpacked holds what its maker put there.
  const kept = (entry: FileEntry) =>
    options.ignores?.(entry.path) !== true &&
    (options.keepsOwners || (entry.kind !== 'character' && entry.kind !== 'block'));
  return {
    keepsOwners: options.keepsOwners,
    async *list(prefix) {
      const top = tree.follow(prefix);
      if (top === undefined) return;
      for (const entry of tree.below(top.path)) if (kept(entry)) yield entry.path;
    },
    async kindOf(path) {
      const top = tree.follow(path);
      return top && (top.kind === 'directory' ? 'directory' : 'other');
    },
    async open(path, heads = false) {
      const top = tree.follow(path);
      if (top === undefined || !kept(top)) return undefined;
      const entries = top.kind === 'directory' ? [top, ...tree.below(top.path)] : [top];
      const wanted = entries.filter(kept);
      return heads ? headsOnly(top.path, wanted) : entryOps(tree, top.path, wanted);
    },
  };
}

async function* entryOps(
  tree: FileTree,
  top: string,
  entries: readonly FileEntry[],
): AsyncGenerator<Placed[]> {
  let batch: Placed[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const head = headOf(top, entry);
    batch.push(head);
    let offset = 0n;
    for await (const piece of entry.kind === 'file' ? tree.read(entry) : []) {
      batch.push({ path: head.path, op: { op: 'tree-data', offset, bytes: piece } });
      offset += BigInt(piece.length);
      bytes += piece.length;
      if (bytes < BATCH_BYTES) continue;
      yield batch;
      batch = [];
      bytes = 0;
    }
    if (batch.length < BATCH_ENTRIES) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  yield batch;
}

async function* headsOnly(top: string, entries: readonly FileEntry[]): AsyncGenerator<Placed[]> {
  yield entries.map((entry) => headOf(top, entry));
}

function headOf(top: string, entry: FileEntry): Placed {
  const path = entry.path === top ? '' : entry.path.slice(top === '' ? 0 : top.length + 1);
  const placed = { path, op: toOp(entry), digest: entry.digest ?? '' };
  return entry.inode === 0 ? placed : { ...placed, inode: entry.inode };
}

function toOp(entry: FileEntry): Op {
  const { path, uid, gid, mtimeNs, kind } = entry;
  const common = { path, uid, gid, mtimeNs, xattrs: xattrBytes(entry.xattrs) };
  const mode = entry.mode | TYPE_BITS[kind];
  switch (kind) {
    case 'file':
      return { op: 'tree-file', ...common, mode, size: BigInt(entry.size) };
    case 'directory':
      return { op: 'tree-directory', ...common, mode };
    case 'symlink':
      return { op: 'tree-symlink', ...common, value: entry.link };
    default:
      return { op: 'tree-device', ...common, mode, major: entry.major, minor: entry.minor };
  }
}

/** As for layers: overlayfs' own marks and labels of another machine's policy are no content. */
function xattrBytes(xattrs: readonly Xattr[]): Uint8Array {
  const kept = xattrs.filter(
    ({ name }) =>
      (name.startsWith('user.') && !name.startsWith('user.overlay.')) ||
      name === 'security.capability' ||
      name.startsWith('system.posix_acl_'),
  );
  if (kept.length === 0) return NO_XATTRS;
  return encodeXattrs(kept.map(({ name, value }) => [name, value] as const));
}

export function layersSource(shim: string, view: LayersView): TreeSource {
  return {
    keepsOwners: true,
    async *list(prefix) {
      const opened = await openIn(shim, view, prefix);
      for await (const batch of opened ?? []) {
        for (const { path, op } of batch) {
          if (op.op !== 'tree-data' && path !== '') yield posix.join(prefix, path);
        }
      }
    },
    kindOf: (path) => kindIn(shim, view, path),
    open: (path) => openIn(shim, view, path),
  };
}

async function kindIn(
  shim: string,
  view: LayersView,
  path: string,
): Promise<'directory' | 'other' | undefined> {
  let at = posix.resolve('/', path);
  for (let links = 0; links <= MAX_LINKS; links += 1) {
    const found = await pathStatus(shim, encodePlan(view.steps), at).catch((error: unknown) => {
      if (view.isAbsent(error)) return undefined;
      throw error;
    });
    if (found === undefined) return undefined;
    if (found.link === '')
      return (found.mode & TYPE_MASK) === TYPE_BITS.directory ? 'directory' : 'other';
    at = posix.resolve(posix.dirname(at), found.link);
  }
  return undefined;
}

/** The shim follows links on the way; one at the end is followed here, in the root again. */
async function openIn(
  shim: string,
  view: LayersView,
  path: string,
): Promise<AsyncIterable<Placed[]> | undefined> {
  let at = posix.resolve('/', path);
  for (let links = 0; links <= MAX_LINKS; links += 1) {
    const ops = packTreeOps(shim, view.steps, at);
    const first = await ops.next().catch((error: unknown) => {
      if (view.isAbsent(error)) return undefined;
      throw error;
    });
    const op = first === undefined || first.done ? undefined : first.value[0];
    if (op === undefined || first?.done !== false) return undefined;
    if (op.op !== 'tree-symlink') return relative(at, first.value, ops);
    await ops.return();
    at = posix.resolve(posix.dirname(at), op.value);
  }
  return undefined;
}

/** The shim's paths begin with the last name of what was asked for, or are `.` and what is in it. */
async function* relative(
  top: string,
  first: readonly Op[],
  rest: AsyncIterable<readonly Op[]>,
): AsyncGenerator<Placed[]> {
  const base = posix.basename(top);
  let current = '';
  const below = (path: string) => {
    if (path === base || path === '.') return '';
    return base === '' ? path : path.slice(base.length + 1);
  };
  const place = (op: Op): Placed => {
    if ('path' in op) current = below(op.path);
    const isLink = op.op === 'tree-hardlink';
    return { path: current, op: isLink ? { ...op, value: below(op.value) } : op };
  };
  const isEntry = (op: Op) => op.op !== 'tree-end';
  yield first.filter(isEntry).map(place);
  for await (const batch of rest) yield batch.filter(isEntry).map(place);
}
