/**
 * The on-disk structures of EROFS (https://docs.kernel.org/filesystems/erofs.html, fs/erofs/erofs_fs.h of the kernel):
 * little endian, blocks of 4096 bytes, no compression.
 */

import { encodeByteText } from '../../base/byte-text.ts';
import { decodeXattrs } from '../../plan/encode.ts';
import { malformed } from '../tar/fields.ts';
import type { Device } from './nodes.ts';

export const BLOCK = 4096;
/** Inodes begin at multiples of it; a nid counts them from the start of the metadata area. */
export const SLOT = 32;
export const INODE_BYTES = 64;
/** An empty chunk of a file. */
export const NO_BLOCK = 0xffffffff;

/** `i_format`: bit 0 the 64-byte inode, then how the data lies. */
export const LAYOUTS = { plain: 1, inline: 1 | (2 << 1), chunks: 1 | (4 << 1) } as const;

const MAGIC = 0xe0f5e1e2;
const SUPER_OFFSET = 1024;
const BLOCK_BITS = 12;
const COMPAT_CHECKSUM = 0x1;
const COMPAT_MTIME = 0x2;
const INCOMPAT_CHUNKS = 0x4;

export interface SuperBlock {
  inodes: number;
  blocks: number;
  /** First block of the metadata area. */
  metaBlock: number;
  rootNid: number;
  chunks: boolean;
}

/** The first block of the file. No time and no random identity: the same tree gives the same bytes. */
export function superBlock(fields: SuperBlock): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const view = new DataView(block.buffer, SUPER_OFFSET);
  view.setUint32(0, MAGIC, true);
  view.setUint32(8, COMPAT_CHECKSUM | COMPAT_MTIME, true);
  view.setUint8(12, BLOCK_BITS);
  view.setUint16(14, fields.rootNid, true);
  view.setBigUint64(16, BigInt(fields.inodes), true);
  view.setUint32(36, fields.blocks, true);
  view.setUint32(40, fields.metaBlock, true);
  view.setUint32(80, fields.chunks ? INCOMPAT_CHUNKS : 0, true);
  view.setUint32(4, crc32c(block.subarray(SUPER_OFFSET)), true);
  return block;
}

export interface Inode {
  format: number;
  xattrBytes: number;
  mode: number;
  size: number;
  /** Block address, device number or chunk format, by kind. */
  union: number;
  number: number;
  uid: number;
  gid: number;
  /** Of the last change: since 1970, and what is left in ns. */
  seconds: number;
  ns: number;
  links: number;
}

/** `struct erofs_inode_extended`, into 64 bytes of zeros or of another one: the short form knows no time of its own. */
export function putInode(view: DataView, fields: Inode): void {
  view.setUint16(0, fields.format, true);
  view.setUint16(2, xattrCount(fields.xattrBytes), true);
  view.setUint16(4, fields.mode, true);
  putU64(view, 8, fields.size);
  view.setUint32(16, fields.union, true);
  view.setUint32(20, fields.number, true);
  view.setUint32(24, fields.uid, true);
  view.setUint32(28, fields.gid, true);
  putU64(view, 32, fields.seconds);
  view.setUint32(40, fields.ns, true);
  view.setUint32(44, fields.links, true);
}

/** A safe integer. */
function putU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

const XATTR_HEADER = 12;

/** What `i_xattr_icount` says of that many bytes: 0, or one for the header and one for each four bytes. */
function xattrCount(bytes: number): number {
  return bytes === 0 ? 0 : 1 + (bytes - XATTR_HEADER) / 4;
}

/** Index of each prefix; the rest of the name is stored. */
const XATTR_PREFIXES: readonly { prefix: string; index: number }[] = [
  { prefix: 'user.', index: 1 },
  { prefix: 'system.posix_acl_access', index: 2 },
  { prefix: 'system.posix_acl_default', index: 3 },
  { prefix: 'trusted.', index: 4 },
  { prefix: 'security.', index: 6 },
];
const XATTR_VALUE_MAX = 65535;
const XATTRS_MAX = 65536;
const OPAQUE = 'trusted.overlay.opaque';
const NO_BYTES = new Uint8Array(0);

/** The attributes of one inode (`attributes` as encodeXattrs writes them); empty when it has none. Throws `invalid` for too many. */
export function xattrBody(attributes: Uint8Array, opaque: boolean): Uint8Array {
  if (attributes.length === 0 && !opaque) return NO_BYTES;
  const entries = decodeXattrs(attributes);
  if (opaque) entries.set(OPAQUE, Uint8Array.of(0x79));
  const parts = [...entries].flatMap(([name, value]) => xattrEntry(name, value));
  if (parts.length === 0) return NO_BYTES;
  const body = Buffer.concat([new Uint8Array(XATTR_HEADER), ...parts]);
  if (body.length > XATTRS_MAX) throw malformed('extended attributes are larger than 64 KiB');
  return body;
}

/** One `struct erofs_xattr_entry` with its padding. */
function xattrEntry(name: string, value: Uint8Array): Uint8Array[] {
  const found = XATTR_PREFIXES.find(({ prefix }) => name.startsWith(prefix));
  if (found === undefined) return [];
  const rest = encodeByteText(name.slice(found.prefix.length));
  if (rest.length > 255 || value.length > XATTR_VALUE_MAX) {
    throw malformed('an extended attribute is larger than 64 KiB');
  }
  const head = new Uint8Array(4);
  const view = new DataView(head.buffer);
  view.setUint8(0, rest.length);
  view.setUint8(1, found.index);
  view.setUint16(2, value.length, true);
  const padding = -(head.length + rest.length + value.length) & 3;
  return [head, rest, value, new Uint8Array(padding)];
}

/** A device number as the kernel's `new_encode_dev` has it. */
export function deviceNumber({ major, minor }: Device): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

const CRC32C = new Uint32Array(256).map((_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1)
    value = (value & 1) !== 0 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

/** Castagnoli, without the usual inversion at the end. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (CRC32C[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return crc >>> 0;
}
