/** What the tree of an image consists of, while it is being built. */

import { TiffinError } from '../../base/errors.ts';

/** S_IFMT and its values (inode(7)). */
export const S_IFMT = 0o170000;
export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;
export const S_IFLNK = 0o120000;
export const S_IFCHR = 0o020000;

/** One inode; a name is an entry of its directory's `children`. */
export interface Node {
  /** With the type bits. */
  mode: number;
  uid: number;
  gid: number;
  mtimeNs: bigint;
  /** As `encodeXattrs` writes them. */
  xattrs: Uint8Array;
  /** Names that lead here; of a directory: subdirectories. */
  links: number;
  /** A directory: what it holds, and whether it hides what lower layers hold. */
  children: Map<string, Node> | undefined;
  opaque: boolean;
  /** Target of a symbolic link. */
  target: string;
  device: { major: number; minor: number } | undefined;
  content: Content | undefined;
  /** Place in the metadata area, in units of 32 bytes; 0: not laid out yet. */
  nid: number;
  /** Of a directory or a symbolic link, once it is laid out. */
  layout: Layout | undefined;
}

/** Where the data of a directory or a link is. */
export interface Layout {
  /** What `..` means. */
  parent: Node;
  /** Bytes of the data. */
  size: number;
  /** Whether the end of the data lies behind the inode and its attributes, in the same block. */
  inline: boolean;
  tail: Uint8Array | undefined;
  /** First block of the data that does not. */
  block: number;
}

/** Where a file's bytes are. */
export interface Content {
  size: number;
  /** Block of the file's first stored byte. */
  start: number;
  /** Block size of holes: 4096 << chunkBits. */
  chunkBits: number;
  /** Runs of whole chunks that are not stored: first chunk and count, ascending. */
  holes: readonly { first: number; count: number }[];
}

const NO_XATTRS = new Uint8Array(0);

/** Owned by root, with no names yet. */
export function newNode(mode: number, mtimeNs: bigint): Node {
  return {
    mode,
    uid: 0,
    gid: 0,
    mtimeNs,
    xattrs: NO_XATTRS,
    links: 0,
    children: (mode & S_IFMT) === S_IFDIR ? new Map() : undefined,
    opaque: false,
    target: '',
    device: undefined,
    content: undefined,
    nid: 0,
    layout: undefined,
  };
}

/** A 0:0 character device, overlayfs' mark for a removed name. */
export function isWhiteout({ mode, device }: Node): boolean {
  return (mode & S_IFMT) === S_IFCHR && device?.major === 0 && device.minor === 0;
}

/** In the words of `shim unpack`, so that both ways of unpacking refuse a layer alike. */
export function refused(op: string, path: string, errno: string): TiffinError {
  return new TiffinError('invalid', 'tree-failed', `unpacking: ${op} ${path}: ${errno}`);
}
