/** What the extended headers say about the member that follows them. */

import { decodeByteText } from '../../base/byte-text.ts';
import { limits } from '../../base/limits.ts';
import type { Xattr } from './entry.ts';
import { malformed } from './fields.ts';
import { type PaxRecord, paxCount, paxTime } from './pax.ts';
import { pairUp, parseMapText, type SparsePiece } from './sparse.ts';

export interface Attributes {
  path?: string;
  link?: string;
  size?: number;
  uid?: number;
  gid?: number;
  mtimeNs?: bigint;
  xattrs: Map<string, Uint8Array>;
  sparse?: PaxSparse;
}

export interface PaxSparse {
  /** 1: the map stands before the data. */
  major: number;
  name?: string;
  /** Apparent size. */
  size?: number;
  map?: SparsePiece[];
  /** Offsets and lengths of form 0.0, alternating. */
  pairs: number[];
}

type Setter = (into: Attributes, value: Uint8Array, key: string) => void;

const SETTERS: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  [
    'path',
    (into, value) => {
      into.path = text(value);
    },
  ],
  [
    'linkpath',
    (into, value) => {
      into.link = text(value);
    },
  ],
  [
    'size',
    (into, value, key) => {
      into.size = paxCount(value, key);
    },
  ],
  [
    'uid',
    (into, value, key) => {
      into.uid = paxCount(value, key);
    },
  ],
  [
    'gid',
    (into, value, key) => {
      into.gid = paxCount(value, key);
    },
  ],
  [
    'mtime',
    (into, value, key) => {
      into.mtimeNs = paxTime(value, key);
    },
  ],
  [
    'GNU.sparse.major',
    (into, value, key) => {
      sparse(into).major = paxCount(value, key);
    },
  ],
  [
    'GNU.sparse.name',
    (into, value) => {
      sparse(into).name = text(value);
    },
  ],
  [
    'GNU.sparse.size',
    (into, value, key) => {
      sparse(into).size = paxCount(value, key);
    },
  ],
  [
    'GNU.sparse.realsize',
    (into, value, key) => {
      sparse(into).size = paxCount(value, key);
    },
  ],
  [
    'GNU.sparse.map',
    (into, value) => {
      sparse(into).map = parseMapText(text(value));
    },
  ],
  [
    'GNU.sparse.offset',
    (into, value, key) => {
      sparse(into).pairs.push(paxCount(value, key));
    },
  ],
  [
    'GNU.sparse.numbytes',
    (into, value, key) => {
      sparse(into).pairs.push(paxCount(value, key));
    },
  ],
]);

/** Keys that would make members of an archive differ between readers which know global headers and those which do not. */
const NOT_GLOBAL = ['path', 'linkpath', 'size', 'GNU.sparse.'];

const XATTR = 'SCHILY.xattr.';
/** libarchive: the name percent-encoded, the value in base64. */
const LIBARCHIVE_XATTR = 'LIBARCHIVE.xattr.';
const MAX_XATTRS = 256;
/** Every member pays for each of them. */
const MAX_GLOBAL = 128;

/** The attributes of one member: global records first, then its own; an empty value withdraws a global one. */
export function attributes(global: readonly PaxRecord[], own: readonly PaxRecord[]): Attributes {
  const into: Attributes = { xattrs: new Map() };
  for (const [key, value] of effective(global, own)) {
    if (key.startsWith(XATTR)) {
      into.xattrs.set(key.slice(XATTR.length), value);
    } else if (key.startsWith(LIBARCHIVE_XATTR)) {
      const name = percentDecode(key.slice(LIBARCHIVE_XATTR.length));
      if (!into.xattrs.has(name)) into.xattrs.set(name, base64(value));
    } else {
      SETTERS.get(key)?.(into, value, key);
    }
    if (into.xattrs.size > MAX_XATTRS) throw malformed('too many extended attributes');
  }
  if (into.sparse !== undefined && into.sparse.pairs.length > 0) {
    into.sparse.map ??= pairUp(into.sparse.pairs);
  }
  return into;
}

/** Global records with later ones in place of earlier ones. Throws for what Tiffin does not accept, and for more than one header can hold. */
export function mergeGlobal(
  known: readonly PaxRecord[],
  added: readonly PaxRecord[],
): readonly PaxRecord[] {
  const merged = new Map(known);
  for (const [key, value] of added) {
    if (NOT_GLOBAL.some((prefix) => key.startsWith(prefix))) {
      throw malformed(`global extended header sets ${key}`);
    }
    // A copy: a view would keep the whole header in memory for one short record of it.
    merged.set(key, value.slice());
  }
  const records = [...merged];
  const bytes = records.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (records.length > MAX_GLOBAL || bytes > limits.archiveHeaderBytes) {
    throw malformed('too many global extended headers');
  }
  return records;
}

export function xattrList(attributes: Attributes): Xattr[] {
  return [...attributes.xattrs].map(([name, value]) => ({ name, value }));
}

function effective(global: readonly PaxRecord[], own: readonly PaxRecord[]): PaxRecord[] {
  if (global.length === 0) return own.filter(([, value]) => value.length > 0);
  const replaced = new Set(own.map(([key]) => key));
  const kept = global.filter(([key]) => !replaced.has(key));
  return [...kept, ...own].filter(([, value]) => value.length > 0);
}

function sparse(into: Attributes): PaxSparse {
  into.sparse ??= { major: 0, pairs: [] };
  return into.sparse;
}

function text(value: Uint8Array): string {
  return decodeByteText(value);
}

function percentDecode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw malformed('extended attribute name is not percent-encoded text');
  }
}

/** Lenient in its padding, as libarchive writes none. */
function base64(value: Uint8Array): Uint8Array {
  return Buffer.from(decodeByteText(value), 'base64');
}
