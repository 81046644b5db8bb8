/** One header block with its extensions to an entry. */

import { limits } from '../../base/limits.ts';
import { type Attributes, xattrList } from './attributes.ts';
import type { TarEntry, TarKind } from './entry.ts';
import {
  checksumMatches,
  FIELDS,
  fieldCount,
  fieldNumber,
  fieldText,
  malformed,
} from './fields.ts';
import { clampTime } from './pax.ts';

export interface Member {
  /** Absent for a member that has no meaning here, such as a volume label. */
  entry: TarEntry | undefined;
  /** Bytes that follow in the archive, padding aside. */
  stored: number;
  oldSparse: boolean;
}

export type MemberType = TarKind | 'extension' | 'ignored' | 'gnu-sparse';

const TYPES: ReadonlyMap<string, MemberType> = new Map<string, MemberType>([
  ['', 'file'],
  ['0', 'file'],
  ['7', 'file'],
  ['1', 'hardlink'],
  ['2', 'symlink'],
  ['3', 'character'],
  ['4', 'block'],
  ['5', 'directory'],
  ['6', 'fifo'],
  ['x', 'extension'],
  ['X', 'extension'],
  ['g', 'extension'],
  ['L', 'extension'],
  ['K', 'extension'],
  ['S', 'gnu-sparse'],
  ['D', 'directory'],
  ['V', 'ignored'],
]);

/** setuid, setgid, sticky and the nine permission bits. */
const MODE_BITS = 0o7777;
/** The highest owner; 2^32 - 1 means "no change" to chown(2). */
const MAX_OWNER = 2 ** 32 - 2;

/** Verifies the checksum and tells what kind of member the block begins. */
export function memberType(block: Uint8Array): MemberType {
  if (!checksumMatches(block)) throw malformed('header checksum does not match');
  const flag = fieldText(block, FIELDS.type);
  const type = TYPES.get(flag);
  if (type === undefined) throw malformed(`unknown member type ${JSON.stringify(flag)}`);
  return type;
}

export function buildEntry(block: Uint8Array, type: MemberType, known: Attributes): Member {
  const path = known.path ?? headerPath(block);
  const size = known.size ?? fieldCount(block, FIELDS.size, 'size');
  const oldSparse = type === 'gnu-sparse';
  const kind = kindOf(type, path);
  if (kind === undefined) return { entry: undefined, stored: size, oldSparse };
  checkText(path, 'path');
  const linked = kind === 'symlink' || kind === 'hardlink';
  const link = linked ? (known.link ?? fieldText(block, FIELDS.link)) : '';
  checkText(link, 'link target');
  const device = kind === 'character' || kind === 'block';
  // Only files carry data; GNU tar's dump directories do too, which are read as directories.
  const stored = kind === 'file' || fieldText(block, FIELDS.type) === 'D' ? size : 0;
  const entry: TarEntry = {
    kind,
    path,
    link,
    mode: fieldCount(block, FIELDS.mode, 'mode') & MODE_BITS,
    uid: owner(known.uid ?? fieldCount(block, FIELDS.uid, 'uid'), 'uid'),
    gid: owner(known.gid ?? fieldCount(block, FIELDS.gid, 'gid'), 'gid'),
    mtimeNs: known.mtimeNs ?? headerTime(block),
    xattrs: xattrList(known),
    size: kind === 'file' ? stored : 0,
    major: device ? fieldCount(block, FIELDS.major, 'device number') : 0,
    minor: device ? fieldCount(block, FIELDS.minor, 'device number') : 0,
  };
  return { entry, stored, oldSparse };
}

export function isZeroBlock(block: Uint8Array): boolean {
  for (const byte of block) {
    if (byte !== 0) return false;
  }
  return true;
}

function kindOf(type: MemberType, path: string): TarKind | undefined {
  if (type === 'extension' || type === 'ignored') return undefined;
  if (type === 'gnu-sparse') return 'file';
  // Before ustar a directory was a file whose name ends in a slash.
  return type === 'file' && path.endsWith('/') ? 'directory' : type;
}

/** POSIX splits a long name in two; GNU keeps other things where POSIX has the prefix. */
function headerPath(block: Uint8Array): string {
  const name = fieldText(block, FIELDS.name);
  const isPosix = fieldText(block, FIELDS.magic) === 'ustar' && block[263] !== 32;
  const prefix = isPosix ? fieldText(block, FIELDS.prefix) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function headerTime(block: Uint8Array): bigint {
  return clampTime(BigInt(fieldNumber(block, FIELDS.mtime, 'mtime')) * 1_000_000_000n);
}

function owner(id: number, what: string): number {
  if (id > MAX_OWNER) throw malformed(`${what} is out of range`);
  return id;
}

function checkText(text: string, what: string): void {
  if (text.includes('\0')) throw malformed(`${what} holds a NUL`);
  if (text.length > limits.archivePathBytes) {
    throw malformed(`${what} is longer than ${limits.archivePathBytes} bytes`);
  }
}
