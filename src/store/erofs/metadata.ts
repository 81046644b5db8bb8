/** The second half of an image: once all data is in the file, directories and inodes follow it. */

import { encodeByteText } from '../../base/byte-text.ts';
import { direntBlock, sortedEntries, splitEntries } from './directory.ts';
import {
  BLOCK,
  deviceNumber,
  INODE_BYTES,
  inode,
  LAYOUTS,
  NO_BLOCK,
  SLOT,
  superBlock,
  xattrBody,
} from './format.ts';
import type { ImageFile } from './image-file.ts';
import type { Content, Node } from './node.ts';

/** The root's nid: inode number 0 would read as "no entry" in user space. */
const FIRST_SLOT = 2;

/** One inode in its place. */
interface Placed {
  node: Node;
  parent: Node;
  /** Bytes of its data. */
  size: number;
  /** Whether the end of its data lies behind the inode and its attributes, in the same block. */
  inline: boolean;
  tail?: Uint8Array;
  /** First block of the data that does not. */
  block: number;
}

/** Appends everything but the first block, and returns that. */
export async function writeMetadata(file: ImageFile, root: Node): Promise<Uint8Array> {
  const { placed, slots } = layOut(root);
  for (const entry of placed) {
    if (entry.node.children !== undefined) writeDirectory(file, entry);
    else if (entry.node.target !== '') writeTarget(file, entry);
    await file.drain();
  }
  align(file, BLOCK);
  const meta = file.position;
  let chunks = false;
  let number = 0;
  for (const entry of placed) {
    number += 1;
    file.skipTo(meta + entry.node.nid * SLOT);
    chunks = writeInode(file, entry, number) || chunks;
    await file.drain();
  }
  file.skipTo(meta + slots * SLOT);
  align(file, BLOCK);
  return superBlock({
    inodes: placed.length,
    blocks: file.position / BLOCK,
    metaBlock: meta / BLOCK,
    rootNid: root.nid,
    chunks,
  });
}

/** Gives every inode its nid, the root first: a directory's entries name the nids of what it holds. */
function layOut(root: Node): { placed: Placed[]; slots: number } {
  const placed: Placed[] = [];
  const waiting: { node: Node; parent: Node }[] = [{ node: root, parent: root }];
  let slot = FIRST_SLOT;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, parent } = next;
    // The second name of a file.
    if (node.nid !== 0) continue;
    const fixed = INODE_BYTES + xattrBody(node.xattrs, node.opaque).length;
    const { size, tail } = measure(node, parent);
    const inline = tail > 0 && fixed + tail <= BLOCK;
    const whole = inline ? fixed + tail : fixed;
    const offset = (slot * SLOT) % BLOCK;
    // Bytes behind an inode must lie in its block; a long list of attributes or chunks may go on in the next one.
    if (whole <= BLOCK && offset + whole > BLOCK) slot += (BLOCK - offset) / SLOT;
    node.nid = slot;
    slot += Math.ceil((alignUp(whole, 4) + chunkMapBytes(node.content)) / SLOT);
    placed.push({ node, parent, size, inline, block: node.content?.start ?? 0 });
    for (const child of node.children?.values() ?? []) waiting.push({ node: child, parent: node });
  }
  return { placed, slots: slot };
}

/** Bytes of the data, and those that would lie behind the inode if there is room: a link's target, a directory's last block. */
function measure(node: Node, parent: Node): { size: number; tail: number } {
  if (node.content !== undefined) return { size: node.content.size, tail: 0 };
  if (node.children === undefined) {
    const size = node.target === '' ? 0 : encodeByteText(node.target).length;
    return { size, tail: size };
  }
  const { counts, tail } = splitEntries(sortedEntries(node, parent));
  return { size: (counts.length - 1) * BLOCK + tail, tail };
}

function writeDirectory(file: ImageFile, entry: Placed): void {
  const entries = sortedEntries(entry.node, entry.parent);
  const { counts, tail } = splitEntries(entries);
  entry.block = file.position / BLOCK;
  let at = 0;
  counts.forEach((count, index) => {
    const some = entries.slice(at, at + count);
    if (entry.inline && index === counts.length - 1) entry.tail = direntBlock(some, tail);
    else file.append(direntBlock(some, BLOCK));
    at += count;
  });
}

function writeTarget(file: ImageFile, entry: Placed): void {
  const target = encodeByteText(entry.node.target);
  if (entry.inline) {
    entry.tail = target;
    return;
  }
  entry.block = file.position / BLOCK;
  file.append(target);
  align(file, BLOCK);
}

/** Whether the inode has a map of chunks. */
function writeInode(file: ImageFile, entry: Placed, number: number): boolean {
  const { node, size, tail } = entry;
  const { mode, uid, gid, mtimeNs } = node;
  const xattrs = xattrBody(node.xattrs, node.opaque);
  const map = chunkMap(node.content);
  const layout = map !== undefined ? 'chunks' : tail !== undefined ? 'inline' : 'plain';
  file.append(
    inode({
      format: LAYOUTS[layout],
      xattrBytes: xattrs.length,
      mode,
      size,
      union: unionOf(entry, map !== undefined),
      number,
      uid,
      gid,
      mtimeNs,
      links: node.children === undefined ? node.links : node.links + 2,
    }),
  );
  file.append(xattrs);
  if (tail !== undefined) file.append(tail);
  if (map === undefined) return false;
  align(file, 4);
  file.append(map);
  return true;
}

function unionOf({ node, block }: Placed, hasMap: boolean): number {
  if (node.device !== undefined) return deviceNumber(node.device);
  return hasMap ? (node.content?.chunkBits ?? 0) : block;
}

/** A block address per chunk; undefined for a file without holes. */
function chunkMap(content: Content | undefined): Uint8Array | undefined {
  if (content === undefined || content.holes.length === 0) return undefined;
  const map = new Uint32Array(chunkMapBytes(content) / 4);
  for (const { first, count } of content.holes) map.fill(NO_BLOCK, first, first + count);
  let block = content.start;
  for (let chunk = 0; chunk < map.length; chunk += 1) {
    if (map[chunk] === NO_BLOCK) continue;
    map[chunk] = block;
    block += 2 ** content.chunkBits;
  }
  return new Uint8Array(map.buffer);
}

function chunkMapBytes(content: Content | undefined): number {
  if (content === undefined || content.holes.length === 0) return 0;
  return Math.ceil(content.size / (BLOCK * 2 ** content.chunkBits)) * 4;
}

function align(file: ImageFile, unit: number): void {
  file.skipTo(alignUp(file.position, unit));
}

function alignUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
