/**
 * What the tree of an image consists of, while it is being built. An inode is a number, the index of its row: a layer may have
 * 200,000 of them, and an object for each would take several times the room.
 */

import { TiffinError } from '../../base/errors.ts';

/** S_IFMT and its values (inode(7)). */
export const S_IFMT = 0o170000;
export const S_IFDIR = 0o040000;
export const S_IFLNK = 0o120000;
export const S_IFCHR = 0o020000;

export type Node = number;

/** The numbers that every inode has. */
interface Columns {
  /** With the type bits. */
  mode: Uint16Array;
  uid: Uint32Array;
  gid: Uint32Array;
  /** Time of the last change: seconds since 1970, and what is left in ns. */
  seconds: Float64Array;
  ns: Uint32Array;
  /** Names that lead here; of a directory: subdirectories. */
  links: Uint32Array;
  /** Bytes of the data: of a file, a directory's entries, a link's target. */
  size: Float64Array;
  /** First block of the data. */
  block: Uint32Array;
  /** Place in the metadata area, in units of 32 bytes; 0: not laid out yet. */
  nid: Uint32Array;
}

/** Parts of a file that are not stored. */
export interface Holes {
  /** Size of a chunk: 4096 << bits. */
  chunkBits: number;
  /** Runs of whole chunks: first chunk and count, ascending. */
  runs: { first: number; count: number }[];
}

export interface Device {
  major: number;
  minor: number;
}

export interface Attributes {
  uid: number;
  gid: number;
  mtimeNs: bigint;
  /** As `encodeXattrs` writes them. */
  xattrs: Uint8Array;
}

const NS = 1_000_000_000n;
const FIRST_ROOM = 256;
const NO_XATTRS = new Uint8Array(0);

export class Nodes {
  /** Rows below `count`; whoever reads one of them gets a number. */
  columns: Columns = newColumns(FIRST_ROOM);
  count = 0;
  /** What a directory holds; nothing else has an entry here. */
  readonly children = new Map<Node, Map<string, Node>>();
  /** Directories that hide what lower layers hold in them. */
  readonly opaque = new Set<Node>();
  /** Of symbolic links. */
  readonly targets = new Map<Node, string>();
  readonly devices = new Map<Node, Device>();
  /** Of files that have some. */
  readonly holes = new Map<Node, Holes>();
  readonly #xattrs = new Map<Node, Uint8Array>();

  /** With no names yet. */
  add(mode: number, attributes: Attributes): Node {
    const node = this.count;
    if (node === this.columns.mode.length) this.columns = grown(this.columns);
    this.count += 1;
    this.describe(node, mode, attributes);
    if ((mode & S_IFMT) === S_IFDIR) this.children.set(node, new Map());
    return node;
  }

  /** One that nobody described, owned by root. */
  addPlain(mode: number, mtimeNs: bigint): Node {
    return this.add(mode, { uid: 0, gid: 0, mtimeNs, xattrs: NO_XATTRS });
  }

  describe(node: Node, mode: number, { uid, gid, mtimeNs, xattrs }: Attributes): void {
    const { columns } = this;
    columns.mode[node] = mode;
    columns.uid[node] = uid;
    columns.gid[node] = gid;
    columns.seconds[node] = Number(mtimeNs / NS);
    columns.ns[node] = Number(mtimeNs % NS);
    if (xattrs.length > 0) this.#xattrs.set(node, xattrs);
    else this.#xattrs.delete(node);
  }

  xattrs(node: Node): Uint8Array {
    return this.#xattrs.get(node) ?? NO_XATTRS;
  }

  mtimeNs(node: Node): bigint {
    return BigInt(this.of('seconds', node)) * NS + BigInt(this.of('ns', node));
  }

  kind(node: Node): number {
    return this.of('mode', node) & S_IFMT;
  }

  of(column: keyof Columns, node: Node): number {
    return this.columns[column][node] ?? 0;
  }

  set(column: keyof Columns, node: Node, value: number): void {
    this.columns[column][node] = value;
  }

  addLinks(node: Node, count: number): void {
    this.set('links', node, this.of('links', node) + count);
  }

  /** A 0:0 character device, overlayfs' mark for a removed name. */
  isWhiteout(node: Node): boolean {
    const device = this.devices.get(node);
    return this.kind(node) === S_IFCHR && device?.major === 0 && device.minor === 0;
  }
}

function newColumns(room: number): Columns {
  return {
    mode: new Uint16Array(room),
    uid: new Uint32Array(room),
    gid: new Uint32Array(room),
    seconds: new Float64Array(room),
    ns: new Uint32Array(room),
    links: new Uint32Array(room),
    size: new Float64Array(room),
    block: new Uint32Array(room),
    nid: new Uint32Array(room),
  };
}

function grown(old: Columns): Columns {
  const columns = newColumns(2 * old.mode.length);
  for (const name of Object.keys(old) as (keyof Columns)[]) columns[name].set(old[name]);
  return columns;
}

/** In the words of `shim unpack`, so that both ways of unpacking refuse a layer alike. */
export function refused(op: string, path: string, errno: string): TiffinError {
  return new TiffinError('invalid', 'tree-failed', `unpacking: ${op} ${path}: ${errno}`);
}
