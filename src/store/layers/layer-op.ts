/** A layer's tar member as the tree operation that it means; OCI whiteouts become overlayfs ones. */

import { encodeXattrs } from '../../plan/encode.ts';
import type { TreeOp } from '../../plan/ops.ts';
import type { TarEntry, TarKind, Xattr } from '../tar/entry.ts';
import { malformed } from '../tar/fields.ts';
import { memberPath } from '../tar/member-path.ts';

/** image-spec layer.md, section Whiteouts. */
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** Bookkeeping of aufs, such as `.wh..wh.plnk`: not content. */
const AUFS = '.wh..wh.';

const TYPE_BITS: Readonly<Record<TarKind, number>> = {
  file: 0o100000,
  hardlink: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  character: 0o020000,
  block: 0o060000,
  fifo: 0o010000,
};

/** Undefined: not content. Throws `invalid` for a member that no layer may hold. */
export function layerOp(entry: TarEntry): TreeOp | undefined {
  const path = memberPath(entry.path);
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  if (name.startsWith(WHITEOUT)) return whiteout(path.slice(0, Math.max(slash, 0)), name);
  return memberOp(entry, path);
}

/** Of an archive that is no layer: every name is a name. */
export function memberOp(entry: TarEntry, path: string = memberPath(entry.path)): TreeOp {
  if (path === '.' && entry.kind !== 'directory') throw malformed('the root is not a directory');
  return member(path, entry);
}

function whiteout(parent: string, name: string): TreeOp | undefined {
  if (name === OPAQUE) return { op: 'tree-opaque', path: parent || '.' };
  if (name.startsWith(AUFS)) return undefined;
  const hidden = name.slice(WHITEOUT.length);
  // `.wh..` and `.wh...` would name the directory itself or its parent.
  if (hidden === '' || hidden === '.' || hidden === '..') {
    throw malformed(`whiteout ${JSON.stringify(name)} names no file`);
  }
  return { op: 'tree-whiteout', path: parent === '' ? hidden : `${parent}/${hidden}` };
}

function member(path: string, entry: TarEntry): TreeOp {
  const { uid, gid, mtimeNs, size } = entry;
  const common = { path, uid, gid, mtimeNs, xattrs: xattrBytes(entry.xattrs) };
  const mode = entry.mode | TYPE_BITS[entry.kind];
  switch (entry.kind) {
    case 'file':
      return { op: 'tree-file', ...common, mode, size: BigInt(size) };
    case 'directory':
      return { op: 'tree-directory', ...common, mode };
    case 'symlink':
      if (entry.link === '')
        throw malformed(`symbolic link ${JSON.stringify(path)} without target`);
      return { op: 'tree-symlink', ...common, value: entry.link };
    case 'hardlink':
      return { op: 'tree-hardlink', path, value: memberPath(entry.link) };
    default:
      return { op: 'tree-device', ...common, mode, major: entry.major, minor: entry.minor };
  }
}

const NO_XATTRS = new Uint8Array(0);

function xattrBytes(xattrs: readonly Xattr[]): Uint8Array {
  if (xattrs.length === 0) return NO_XATTRS;
  return encodeXattrs(xattrs.filter(isKept).map(({ name, value }) => [name, value] as const));
}

/**
 * `trusted.` holds overlayfs' own marks: an image could redirect a directory to one of another layer with them.
 * Security labels belong to the policy of the machine that made the image; file capabilities are content.
 */
function isKept({ name }: Xattr): boolean {
  if (name.startsWith('user.')) return !name.startsWith('user.overlay.');
  return name === 'security.capability' || name.startsWith('system.posix_acl_');
}
