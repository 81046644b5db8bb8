/** Directories of an image: blocks of entries in the order of their names' bytes, names behind them. */

import { encodeByteText } from '../../base/byte-text.ts';
import { BLOCK } from './format.ts';
import { type Node, S_IFMT } from './node.ts';

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

export interface Dirent {
  name: Uint8Array;
  node: Node;
}

/** `.` and `..` too, in the order that a binary search expects. */
export function sortedEntries(node: Node, parent: Node): Dirent[] {
  const entries = [...(node.children ?? [])].map(([name, child]) => ({
    name: encodeByteText(name),
    node: child,
  }));
  entries.push({ name: encodeByteText('.'), node }, { name: encodeByteText('..'), node: parent });
  return entries.sort((a, b) => Buffer.compare(a.name, b.name));
}

/** How many entries go into each block, and how many bytes the last block takes. */
export function splitEntries(entries: readonly Dirent[]): { counts: number[]; tail: number } {
  const counts: number[] = [];
  let count = 0;
  let used = 0;
  for (const { name } of entries) {
    const needed = DIRENT_BYTES + name.length;
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

/** One block's entries; the nodes have their nids. `length`: padded with zeros up to it. */
export function direntBlock(entries: readonly Dirent[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let nameAt = entries.length * DIRENT_BYTES;
  entries.forEach(({ name, node }, index) => {
    const at = index * DIRENT_BYTES;
    view.setUint32(at, node.nid, true);
    view.setUint16(at + 8, nameAt, true);
    view.setUint8(at + 10, FILE_TYPES.get(node.mode & S_IFMT) ?? 0);
    bytes.set(name, nameAt);
    nameAt += name.length;
  });
  return bytes;
}
