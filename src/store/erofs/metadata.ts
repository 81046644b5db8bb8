/** The second half of an image: once all data is in the file, directories and inodes follow it. */

import { encodeByteText } from '../../base/byte-text.ts';
import { direntBlock, type Entries, entriesOf } from './directory.ts';
import {
  BLOCK,
  deviceNumber,
  INODE_BYTES,
  LAYOUTS,
  NO_BLOCK,
  putInode,
  SLOT,
  superBlock,
  xattrBody,
} from './format.ts';
import type { ImageFile } from './image-file.ts';
import type { Holes, Node, Nodes } from './nodes.ts';

/** The root's nid: inode number 0 would read as "no entry" in user space. */
const FIRST_SLOT = 2;

/** Appends everything but the first block, and returns that. */
export async function writeMetadata(
  file: ImageFile,
  nodes: Nodes,
  root: Node,
): Promise<Uint8Array> {
  const writer = new MetadataWriter(file, nodes);
  writer.layOut(root);
  for (const node of writer.placed) {
    writer.writeData(node);
    await file.drain();
  }
  align(file, BLOCK);
  const meta = file.position;
  let number = 0;
  for (const node of writer.placed) {
    number += 1;
    file.skipTo(meta + nodes.of('nid', node) * SLOT);
    writer.writeInode(node, number);
    await file.drain();
  }
  file.skipTo(meta + writer.slots * SLOT);
  align(file, BLOCK);
  return superBlock({
    inodes: writer.placed.length,
    blocks: file.position / BLOCK,
    metaBlock: meta / BLOCK,
    rootNid: nodes.of('nid', root),
    chunks: writer.chunks,
  });
}

class MetadataWriter {
  readonly #file: ImageFile;
  readonly #nodes: Nodes;
  readonly #order: Uint32Array;
  #count = 0;
  readonly #entries = new Map<Node, Entries>();
  /** Whose end does not fit behind the inode and its attributes, in the same block. */
  readonly #apart = new Set<Node>();
  readonly #inode = new Uint8Array(INODE_BYTES);
  readonly #view = new DataView(this.#inode.buffer);
  slots = FIRST_SLOT;
  /** Whether an inode has a map of chunks. */
  chunks = false;

  constructor(file: ImageFile, nodes: Nodes) {
    this.#file = file;
    this.#nodes = nodes;
    this.#order = new Uint32Array(nodes.count);
  }

  /** In the order of their places. */
  get placed(): Uint32Array {
    return this.#order.subarray(0, this.#count);
  }

  /** Gives every inode its nid, the root first: a directory's entries name the nids of what it holds. */
  layOut(root: Node): void {
    const directories = [root];
    this.#place(root, root);
    for (let next = directories.pop(); next !== undefined; next = directories.pop()) {
      const children = this.#nodes.children.get(next);
      for (const child of children?.values() ?? []) {
        // The second name of a file has its place already.
        if (this.#nodes.of('nid', child) !== 0) continue;
        this.#place(child, next);
        if (this.#nodes.children.has(child)) directories.push(child);
      }
      // Its entries are in order elsewhere now, in a fraction of the room.
      children?.clear();
    }
  }

  /** The blocks of a directory, or a link's target, that do not lie behind the inode. */
  writeData(node: Node): void {
    const entries = this.#entries.get(node);
    if (entries !== undefined) this.#writeDirectory(node, entries);
    else if (this.#apart.has(node)) {
      this.#nodes.set('block', node, this.#file.position / BLOCK);
      this.#file.append(this.#target(node));
      align(this.#file, BLOCK);
    }
  }

  writeInode(node: Node, number: number): void {
    const nodes = this.#nodes;
    const xattrs = xattrBody(nodes.xattrs(node), nodes.opaque.has(node));
    const holes = nodes.holes.get(node);
    const tail = this.#tail(node);
    const kind = holes !== undefined ? 'chunks' : tail !== undefined ? 'inline' : 'plain';
    putInode(this.#view, {
      format: LAYOUTS[kind],
      xattrBytes: xattrs.length,
      mode: nodes.of('mode', node),
      size: nodes.of('size', node),
      union: this.#union(node),
      number,
      uid: nodes.of('uid', node),
      gid: nodes.of('gid', node),
      seconds: nodes.of('seconds', node),
      ns: nodes.of('ns', node),
      links: nodes.of('links', node) + (nodes.children.has(node) ? 2 : 0),
    });
    this.#file.append(this.#inode);
    this.#file.append(xattrs);
    if (tail !== undefined) this.#file.append(tail);
    if (holes === undefined) return;
    this.chunks = true;
    align(this.#file, 4);
    this.#file.append(this.#chunkMap(node, holes));
  }

  #place(node: Node, parent: Node): void {
    const nodes = this.#nodes;
    const fixed = INODE_BYTES + xattrBody(nodes.xattrs(node), nodes.opaque.has(node)).length;
    const tail = this.#measure(node, parent);
    const inline = tail > 0 && fixed + tail <= BLOCK;
    if (tail > 0 && !inline) this.#apart.add(node);
    const whole = inline ? fixed + tail : fixed;
    const offset = (this.slots * SLOT) % BLOCK;
    // Bytes behind an inode must lie in its block; a long list of attributes or chunks may go on in the next one.
    if (whole <= BLOCK && offset + whole > BLOCK) this.slots += (BLOCK - offset) / SLOT;
    nodes.set('nid', node, this.slots);
    this.slots += Math.ceil((alignUp(whole, 4) + this.#chunkMapBytes(node)) / SLOT);
    this.#order[this.#count] = node;
    this.#count += 1;
  }

  /** Bytes that would lie behind the inode if there is room: a link's target, a directory's last block. */
  #measure(node: Node, parent: Node): number {
    const children = this.#nodes.children.get(node);
    if (children !== undefined) {
      const entries = entriesOf(children, node, parent);
      this.#entries.set(node, entries);
      this.#nodes.set('size', node, (entries.counts.length - 1) * BLOCK + entries.tail);
      return entries.tail;
    }
    if (!this.#nodes.targets.has(node)) return 0;
    const { length } = this.#target(node);
    this.#nodes.set('size', node, length);
    return length;
  }

  #writeDirectory(node: Node, entries: Entries): void {
    const { counts } = entries;
    const whole = this.#apart.has(node) ? counts : counts.slice(0, -1);
    this.#nodes.set('block', node, this.#file.position / BLOCK);
    let first = 0;
    for (const count of whole) {
      this.#file.append(direntBlock(this.#nodes, entries, first, count, BLOCK));
      first += count;
    }
  }

  /** What lies behind the inode. */
  #tail(node: Node): Uint8Array | undefined {
    if (this.#apart.has(node)) return undefined;
    const entries = this.#entries.get(node);
    if (entries === undefined) {
      return this.#nodes.targets.has(node) ? this.#target(node) : undefined;
    }
    const last = entries.counts.at(-1) ?? 0;
    const first = entries.ends.length - last;
    return direntBlock(this.#nodes, entries, first, last, entries.tail);
  }

  #target(node: Node): Uint8Array {
    return encodeByteText(this.#nodes.targets.get(node) ?? '');
  }

  #union(node: Node): number {
    const device = this.#nodes.devices.get(node);
    if (device !== undefined) return deviceNumber(device);
    return this.#nodes.holes.get(node)?.chunkBits ?? this.#nodes.of('block', node);
  }

  /** A block address per chunk. */
  #chunkMap(node: Node, { chunkBits, runs }: Holes): Uint8Array {
    const map = new Uint32Array(this.#chunkMapBytes(node) / 4);
    for (const { first, count } of runs) map.fill(NO_BLOCK, first, first + count);
    let block = this.#nodes.of('block', node);
    for (let chunk = 0; chunk < map.length; chunk += 1) {
      if (map[chunk] === NO_BLOCK) continue;
      map[chunk] = block;
      block += 2 ** chunkBits;
    }
    return new Uint8Array(map.buffer);
  }

  #chunkMapBytes(node: Node): number {
    const holes = this.#nodes.holes.get(node);
    if (holes === undefined) return 0;
    return Math.ceil(this.#nodes.of('size', node) / (BLOCK * 2 ** holes.chunkBits)) * 4;
  }
}

function align(file: ImageFile, unit: number): void {
  file.skipTo(alignUp(file.position, unit));
}

function alignUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
