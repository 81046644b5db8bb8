/** Directories of an image: blocks of entries in the order of their names' bytes, names behind them. */

import { encodeByteText } from '../../base/byte-text.ts';
import { BLOCK } from './format.ts';
import { type Node, type Nodes, S_IFMT } from './nodes.ts';

const DIRENT_BYTES = 12;
/** File type of each kind of inode (readdir(3)): S_IFMT bits to DT_* as the kernel numbers them on disk. */
const FILE_TYPES: ReadonlyMap<number, number> = new Map([
  [0o100000, 1],
  [0o040000, 2],
  [0o020000, 3],
  [0o060000, 4],
  [0o010000, 5],
  [0o120000, 7],
]);
/** Below the surrogates the order of UTF-16 is that of UTF-8. */
const NOT_IN_ORDER = /[\ud800-\uffff]/;

/** The entries of a directory in order, `.` and `..` among them, without an object for each. */
export interface Entries {
  names: Buffer;
  /** Where each name ends in `names`. */
  ends: Uint32Array;
  nodes: Uint32Array;
  /** How many entries go into each block. */
  counts: number[];
  /** Bytes of the last block. */
  tail: number;
}

export function entriesOf(children: ReadonlyMap<string, Node>, own: Node, parent: Node): Entries {
  const sorted = sortedNames(children);
  const names = Buffer.allocUnsafeSlow(sorted.reduce((sum, name) => sum + byteLength(name), 0));
  const ends = new Uint32Array(sorted.length);
  const nodes = new Uint32Array(sorted.length);
  let at = 0;
  sorted.forEach((name, index) => {
    if (name.isWellFormed()) at += names.write(name, at);
    else {
      const bytes = encodeByteText(name);
      names.set(bytes, at);
      at += bytes.length;
    }
    ends[index] = at;
    nodes[index] = name === '.' ? own : name === '..' ? parent : (children.get(name) ?? own);
  });
  return { names, ends, nodes, ...split(ends) };
}

/** One block's entries, from `first` on; the nodes have their nids. `length`: padded with zeros up to it. */
export function direntBlock(
  nodes: Nodes,
  entries: Entries,
  first: number,
  count: number,
  length: number,
): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let nameAt = count * DIRENT_BYTES;
  for (let index = 0; index < count; index += 1) {
    const at = index * DIRENT_BYTES;
    const node = entries.nodes[first + index] ?? 0;
    const end = entries.ends[first + index] ?? 0;
    const start = entries.ends[first + index - 1] ?? 0;
    view.setUint32(at, nodes.of('nid', node), true);
    view.setUint16(at + 8, nameAt, true);
    view.setUint8(at + 10, FILE_TYPES.get(nodes.of('mode', node) & S_IFMT) ?? 0);
    entries.names.copy(bytes, nameAt, start, end);
    nameAt += end - start;
  }
  return bytes;
}

/** As a binary search expects them. */
function sortedNames(children: ReadonlyMap<string, Node>): string[] {
  const names = [...children.keys(), '.', '..'];
  if (!names.some((name) => NOT_IN_ORDER.test(name))) return names.sort();
  return names
    .map((name) => ({ name, bytes: encodeByteText(name) }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ name }) => name);
}

function byteLength(name: string): number {
  return name.isWellFormed() ? Buffer.byteLength(name) : encodeByteText(name).length;
}

function split(ends: Uint32Array): { counts: number[]; tail: number } {
  const counts: number[] = [];
  let count = 0;
  let used = 0;
  let start = 0;
  for (const end of ends) {
    const needed = DIRENT_BYTES + end - start;
    start = end;
    if (used + needed > BLOCK) {
      counts.push(count);
      count = 0;
      used = 0;
    }
    count += 1;
    used += needed;
  }
  counts.push(count);
  return { counts, tail: used };
}
