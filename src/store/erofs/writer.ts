/**
 * An EROFS image from a stream of tree operations: data goes into the file as it comes, and only names and attributes stay
 * in memory until the end. The same operations give the same bytes.
 */

import { TiffinError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { OpOf, TreeOp } from '../../plan/ops.ts';
import { BLOCK } from './format.ts';
import { ImageFile } from './image-file.ts';
import { writeMetadata } from './metadata.ts';
import {
  type Attributes,
  type Device,
  type Holes,
  type Node,
  type Nodes,
  refused,
  S_IFCHR,
  S_IFLNK,
} from './nodes.ts';
import { Tree } from './tree.ts';

/** Chunks of a file with holes: many files with long maps of nothing would make a small archive large. */
const CHUNKS_MAX = 1024;
const CHUNK_BITS_MAX = 31;

export class ErofsWriter {
  readonly #file: ImageFile;
  readonly #tree = new Tree();
  #current: OpenFile | undefined;
  #entries = 0;

  private constructor(file: ImageFile) {
    this.#file = file;
    file.skipTo(BLOCK);
  }

  /** The image is to be at `path`, where nothing is yet. */
  static async create(path: string): Promise<ErofsWriter> {
    return new ErofsWriter(await ImageFile.create(path));
  }

  /** Throws `invalid` for what no tree can hold, and `too-many-entries` where memory would not do. */
  take(op: TreeOp): void {
    this.#endFile();
    this.#entries += 1;
    if (this.#entries > limits.imageEntries) {
      throw new TiffinError(
        'unsupported',
        'too-many-entries',
        'the layer has too many entries for an image',
      );
    }
    switch (op.op) {
      case 'tree-directory':
        this.#directory(op);
        return;
      case 'tree-file':
        this.#beginFile(op);
        return;
      case 'tree-symlink':
        this.#tree.nodes.targets.set(this.#put(op, S_IFLNK | 0o777, op), op.value);
        return;
      case 'tree-hardlink':
        this.#link(op);
        return;
      case 'tree-device':
        this.#device(op, op.mode, op, op);
        return;
      case 'tree-whiteout':
        this.#whiteout(op);
        return;
      case 'tree-opaque':
        this.#tree.nodes.opaque.add(this.#tree.directory(op.op, op.path, 0n));
        return;
    }
  }

  /** Content of the latest file. */
  data(offset: number, bytes: Uint8Array): void {
    if (this.#current === undefined) throw refused('tree-data', '', 'EBADMSG');
    this.#current.data(offset, bytes);
  }

  /** Resolves when more may be taken. */
  drain(): Promise<void> {
    return this.#file.drain();
  }

  /** The image is whole; `synced` settles when it is on the disk. */
  async finish(): Promise<{ synced: Promise<void> }> {
    this.#endFile();
    const head = await writeMetadata(this.#file, this.#tree.nodes, this.#tree.root);
    await this.#file.finish(head);
    const synced = this.#file.sync();
    synced.catch(() => undefined);
    return { synced };
  }

  abort(): Promise<void> {
    return this.#file.abort();
  }

  #endFile(): void {
    this.#current?.end();
    this.#current = undefined;
  }

  /** A directory over a directory keeps what that one holds. */
  #directory(op: OpOf<'tree-directory'>): void {
    const { nodes, root } = this.#tree;
    if (op.path === '.') {
      nodes.describe(root, op.mode, op);
      return;
    }
    const place = this.#tree.place(op.op, op.path, op.mtimeNs);
    const old = place.children.get(place.name);
    if (old !== undefined && nodes.children.has(old)) {
      nodes.describe(old, op.mode, op);
      return;
    }
    // Removed and made anew in one layer: nothing of the lower one may show through.
    const opaque = old !== undefined && nodes.isWhiteout(old);
    const node = nodes.add(op.mode, op);
    if (opaque) nodes.opaque.add(node);
    this.#tree.put(place, node);
  }

  #beginFile(op: OpOf<'tree-file'>): void {
    const size = Number(op.size);
    const chunkBits = Math.max(0, Math.ceil(Math.log2(size / BLOCK / CHUNKS_MAX)));
    if (chunkBits > CHUNK_BITS_MAX || !Number.isSafeInteger(size))
      throw refused(op.op, op.path, 'EFBIG');
    const node = this.#put(op, op.mode, op);
    this.#current = new OpenFile(this.#file, this.#tree.nodes, node, size, chunkBits);
  }

  #put(op: { op: string; path: string }, mode: number, attributes: Attributes): Node {
    if (op.path === '.') throw refused(op.op, op.path, 'EISDIR');
    const place = this.#tree.place(op.op, op.path, attributes.mtimeNs);
    const node = this.#tree.nodes.add(mode, attributes);
    this.#tree.put(place, node);
    return node;
  }

  #device(
    op: { op: string; path: string },
    mode: number,
    attributes: Attributes,
    { major, minor }: Device,
  ): void {
    this.#tree.nodes.devices.set(this.#put(op, mode, attributes), { major, minor });
  }

  #link({ op, path, value }: OpOf<'tree-hardlink'>): void {
    if (path === '.' || value === '.') throw refused(op, path, 'EISDIR');
    const { nodes } = this.#tree;
    const node = this.#tree.find(op, value);
    if (nodes.children.has(node)) throw refused(op, path, 'EPERM');
    const place = this.#tree.place(op, path, nodes.mtimeNs(node));
    // A link to itself would remove the only name of the file first.
    if (place.children.get(place.name) !== node) this.#tree.put(place, node);
  }

  /** What this layer itself holds stays; it only stops showing the lower one. */
  #whiteout({ op, path }: OpOf<'tree-whiteout'>): void {
    if (path === '.') throw refused(op, path, 'EISDIR');
    const place = this.#tree.place(op, path, 0n);
    const old = place.children.get(place.name);
    const { nodes } = this.#tree;
    if (old === undefined) {
      const node = nodes.addPlain(S_IFCHR, 0n);
      nodes.devices.set(node, { major: 0, minor: 0 });
      this.#tree.put(place, node);
    } else if (nodes.children.has(old)) nodes.opaque.add(old);
  }
}

/** The file that data operations write. Whole chunks without data are left out. */
class OpenFile {
  readonly #file: ImageFile;
  readonly #nodes: Nodes;
  readonly #node: Node;
  readonly #size: number;
  readonly #chunkBits: number;
  readonly #start: number;
  #holes: Holes | undefined;
  /** Bytes of the file that are in the image or left out. */
  #done = 0;

  constructor(file: ImageFile, nodes: Nodes, node: Node, size: number, chunkBits: number) {
    this.#file = file;
    this.#nodes = nodes;
    this.#node = node;
    this.#size = size;
    this.#chunkBits = chunkBits;
    this.#start = file.position;
    nodes.set('size', node, size);
    nodes.set('block', node, this.#start / BLOCK);
  }

  data(offset: number, bytes: Uint8Array): void {
    if (offset < this.#done || offset + bytes.length > this.#size) {
      throw refused('tree-data', '', 'EBADMSG');
    }
    if (offset > this.#done) this.#hole(offset);
    this.#file.append(bytes);
    this.#done = offset + bytes.length;
  }

  end(): void {
    if (this.#done < this.#size) this.#hole(this.#size);
    const unit = this.#holes === undefined ? BLOCK : this.#chunkBytes;
    const stored = this.#file.position - this.#start;
    this.#file.skipTo(this.#start + Math.ceil(stored / unit) * unit);
  }

  get #chunkBytes(): number {
    return BLOCK * 2 ** this.#chunkBits;
  }

  /** From what is done to `end`: zeros up to the next chunk, then chunks that are left out, then zeros. */
  #hole(end: number): void {
    const chunk = this.#chunkBytes;
    const first = Math.ceil(this.#done / chunk);
    const whole = end === this.#size ? Math.ceil(end / chunk) : Math.floor(end / chunk);
    if (whole <= first) {
      this.#file.skipTo(this.#file.position + end - this.#done);
    } else {
      this.#leaveOut(first, whole - first);
      const rest = Math.max(0, end - whole * chunk);
      this.#file.skipTo(this.#file.position + first * chunk - this.#done + rest);
    }
    this.#done = end;
  }

  #leaveOut(first: number, count: number): void {
    this.#holes ??= { chunkBits: this.#chunkBits, runs: [] };
    this.#holes.runs.push({ first, count });
    this.#nodes.holes.set(this.#node, this.#holes);
  }
}
