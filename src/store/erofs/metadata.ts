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
import type { Content, Layout, Node } from './node.ts';

/** The root's nid: inode number 0 would read as "no entry" in user space. */
const FIRST_SLOT = 2;

/** Appends everything but the first block, and returns that. */
export async function writeMetadata(file: ImageFile, root: Node): Promise<Uint8Array> {
  const { placed, slots } = layOut(root);
  for (const node of placed) {
    if (node.layout === undefined) continue;
    if (node.children !== undefined) writeDirectory(file, node, node.layout);
    else writeTarget(file, node, node.layout);
    await file.drain();
  }
  align(file, BLOCK);
  const meta = file.position;
  let chunks = false;
  let number = 0;
  for (const node of placed) {
    number += 1;
    file.skipTo(meta + node.nid * SLOT);
    chunks = writeInode(file, node, number) || chunks;
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
function layOut(root: Node): { placed: Node[]; slots: number } {
  const placed: Node[] = [];
  const directories: { node: Node; parent: Node }[] = [];
  let slot = FIRST_SLOT;
  const place = (node: Node, parent: Node) => {
    // The second name of a file.
    if (node.nid !== 0) return;
    const fixed = INODE_BYTES + xattrBody(node.xattrs, node.opaque).length;
    const { size, tail } = measure(node, parent);
    const inline = tail > 0 && fixed + tail <= BLOCK;
    const whole = inline ? fixed + tail : fixed;
    const offset = (slot * SLOT) % BLOCK;
    // Bytes behind an inode must lie in its block; a long list of attributes or chunks may go on in the next one.
    if (whole <= BLOCK && offset + whole > BLOCK) slot += (BLOCK - offset) / SLOT;
    node.nid = slot;
    slot += Math.ceil((alignUp(whole, 4) + chunkMapBytes(node.content)) / SLOT);
    if (tail > 0) node.layout = { parent, size, inline, tail: undefined, block: 0 };
    placed.push(node);
    if (node.children !== undefined) directories.push({ node, parent });
  };
  place(root, root);
  for (let next = directories.pop(); next !== undefined; next = directories.pop()) {
    for (const child of next.node.children?.values() ?? []) place(child, next.node);
  }
  return { placed, slots: slot };
}

/** Bytes of the data, and those that would lie behind the inode if there is room: a link's target, a directory's last block. */
function measure(node: Node, parent: Node): { size: number; tail: number } {
  if (node.children === undefined) {
    const size = node.target === '' ? 0 : encodeByteText(node.target).length;
    return { size, tail: size };
  }
  const { counts, tail } = splitEntries(sortedEntries(node, parent));
  return { size: (counts.length - 1) * BLOCK + tail, tail };
}

function writeDirectory(file: ImageFile, node: Node, layout: Layout): void {
  const entries = sortedEntries(node, layout.parent);
  const { counts, tail } = splitEntries(entries);
  layout.block = file.position / BLOCK;
  let at = 0;
  counts.forEach((count, index) => {
    const some = entries.slice(at, at + count);
    if (layout.inline && index === counts.length - 1) layout.tail = direntBlock(some, tail);
    else file.append(direntBlock(some, BLOCK));
    at += count;
  });
}

function writeTarget(file: ImageFile, node: Node, layout: Layout): void {
  const target = encodeByteText(node.target);
  if (layout.inline) {
    layout.tail = target;
    return;
  }
  layout.block = file.position / BLOCK;
  file.append(target);
  align(file, BLOCK);
}

/** Whether the inode has a map of chunks. */
function writeInode(file: ImageFile, node: Node, number: number): boolean {
  const { mode, uid, gid, mtimeNs, layout, content } = node;
  const xattrs = xattrBody(node.xattrs, node.opaque);
  const map = chunkMap(content);
  const kind = map !== undefined ? 'chunks' : layout?.tail !== undefined ? 'inline' : 'plain';
  file.append(
    inode({
      format: LAYOUTS[kind],
      xattrBytes: xattrs.length,
      mode,
      size: content?.size ?? layout?.size ?? 0,
      union: unionOf(node, map !== undefined),
      number,
      uid,
      gid,
      mtimeNs,
      links: node.children === undefined ? node.links : node.links + 2,
    }),
  );
  file.append(xattrs);
  if (layout?.tail !== undefined) file.append(layout.tail);
  if (map === undefined) return false;
  align(file, 4);
  file.append(map);
  return true;
}

function unionOf({ device, content, layout }: Node, hasMap: boolean): number {
  if (device !== undefined) return deviceNumber(device);
  if (content === undefined) return layout?.block ?? 0;
  return hasMap ? content.chunkBits : content.start;
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
