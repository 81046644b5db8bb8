/** A layer's tar members as the tree operations that `shim unpack` executes; OCI whiteouts become overlayfs ones. */

import { encodeOp, encodeXattrs } from '../../plan/encode.ts';
import { OPS, type Op, STAGES } from '../../plan/ops.ts';
import type { TarEntry, TarEvent, TarKind, Xattr } from '../tar/entry.ts';
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

const DATA_HEAD = 20;
const HOST_STAGE = STAGES.indexOf('host');

export class TreeEncoder {
  readonly #whiteouts: boolean;
  #out: Uint8Array[] = [];
  /** Whether data of the current member is content. */
  #inFile = false;
  /** Sum of the sizes of all files. */
  size = 0;

  /** Without `whiteouts` their names are names like any other, for archives that are no layers. */
  constructor(options: { whiteouts: boolean } = { whiteouts: true }) {
    this.#whiteouts = options.whiteouts;
  }

  /** Throws `invalid` for a member that no layer may hold. */
  encode(events: readonly TarEvent[]): void {
    for (const event of events) {
      if (event.kind === 'entry') this.#entry(event.entry);
      else if (this.#inFile) this.#data(event.offset, event.bytes);
    }
  }

  end(): void {
    this.#push({ op: 'tree-end' });
  }

  /** What was encoded since the last call. */
  take(): Uint8Array[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }

  #entry(entry: TarEntry): void {
    this.#inFile = false;
    const path = memberPath(entry.path);
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    if (this.#whiteouts && name.startsWith(WHITEOUT)) {
      this.#whiteout(path.slice(0, Math.max(slash, 0)), name);
      return;
    }
    if (path === '.' && entry.kind !== 'directory') throw malformed('the root is not a directory');
    this.#member(path, entry);
  }

  #whiteout(parent: string, name: string): void {
    if (name === OPAQUE) {
      this.#push({ op: 'tree-opaque', path: parent || '.' });
      return;
    }
    if (name.startsWith(AUFS)) return;
    const hidden = name.slice(WHITEOUT.length);
    // `.wh..` and `.wh...` would name the directory itself or its parent.
    if (hidden === '' || hidden === '.' || hidden === '..') {
      throw malformed(`whiteout ${JSON.stringify(name)} names no file`);
    }
    this.#push({ op: 'tree-whiteout', path: parent === '' ? hidden : `${parent}/${hidden}` });
  }

  #member(path: string, entry: TarEntry): void {
    const { uid, gid, mtimeNs, size } = entry;
    const common = { path, uid, gid, mtimeNs, xattrs: xattrBytes(entry.xattrs) };
    const mode = entry.mode | TYPE_BITS[entry.kind];
    switch (entry.kind) {
      case 'file':
        this.#inFile = true;
        this.size += size;
        this.#push({ op: 'tree-file', ...common, mode, size: BigInt(size) });
        return;
      case 'directory':
        this.#push({ op: 'tree-directory', ...common, mode });
        return;
      case 'symlink':
        if (entry.link === '')
          throw malformed(`symbolic link ${JSON.stringify(path)} without target`);
        this.#push({ op: 'tree-symlink', ...common, value: entry.link });
        return;
      case 'hardlink':
        this.#push({ op: 'tree-hardlink', path, value: memberPath(entry.link) });
        return;
      default:
        this.#push({ op: 'tree-device', ...common, mode, major: entry.major, minor: entry.minor });
    }
  }

  /** The head of a `tree-data` operation, then the content itself: content is never copied here. */
  #data(offset: number, bytes: Uint8Array): void {
    const head = new Uint8Array(DATA_HEAD);
    const view = new DataView(head.buffer);
    view.setUint16(0, OPS['tree-data'].code, true);
    view.setUint8(2, HOST_STAGE);
    view.setUint32(4, DATA_HEAD - 8 + bytes.length, true);
    view.setBigUint64(8, BigInt(offset), true);
    view.setUint32(16, bytes.length, true);
    this.#out.push(head, bytes);
  }

  #push(op: Op): void {
    this.#out.push(encodeOp(op, 'host'));
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
