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
import { type Content, isWhiteout, type Node, newNode, refused, S_IFCHR, S_IFLNK } from './node.ts';
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
        this.#put(op, { ...described(op, S_IFLNK | 0o777), target: op.value });
        return;
      case 'tree-hardlink':
        this.#link(op);
        return;
      case 'tree-device':
        this.#put(op, {
          ...described(op, op.mode),
          device: { major: op.major, minor: op.minor },
        });
        return;
      case 'tree-whiteout':
        this.#whiteout(op);
        return;
      case 'tree-opaque':
        this.#tree.directory(op.op, op.path, 0n).opaque = true;
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
    const head = await writeMetadata(this.#file, this.#tree.root);
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
    const { xattrs, uid, gid, mtimeNs } = op;
    if (op.path === '.') {
      Object.assign(this.#tree.root, { mode: op.mode, uid, gid, mtimeNs, xattrs });
      return;
    }
    const place = this.#tree.place(op.op, op.path, mtimeNs);
    const old = place.children.get(place.name);
    if (old?.children !== undefined) {
      Object.assign(old, { mode: op.mode, uid, gid, mtimeNs, xattrs });
      return;
    }
    // Removed and made anew in one layer: nothing of the lower one may show through.
    const opaque = old !== undefined && isWhiteout(old);
    this.#tree.put(place, { ...described(op, op.mode), opaque });
  }

  #beginFile(op: OpOf<'tree-file'>): void {
    const content = newContent(op, this.#file);
    this.#put(op, { ...described(op, op.mode), content });
    this.#current = new OpenFile(this.#file, content);
  }

  #put(op: { op: string; path: string; mtimeNs: bigint }, node: Node): void {
    if (op.path === '.') throw refused(op.op, op.path, 'EISDIR');
    this.#tree.put(this.#tree.place(op.op, op.path, op.mtimeNs), node);
  }

  #link({ op, path, value }: OpOf<'tree-hardlink'>): void {
    if (path === '.' || value === '.') throw refused(op, path, 'EISDIR');
    const node = this.#tree.find(op, value);
    if (node.children !== undefined) throw refused(op, path, 'EPERM');
    const place = this.#tree.place(op, path, node.mtimeNs);
    // A link to itself would remove the only name of the file first.
    if (place.children.get(place.name) !== node) this.#tree.put(place, node);
  }

  /** What this layer itself holds stays; it only stops showing the lower one. */
  #whiteout({ op, path }: OpOf<'tree-whiteout'>): void {
    if (path === '.') throw refused(op, path, 'EISDIR');
    const place = this.#tree.place(op, path, 0n);
    const old = place.children.get(place.name);
    if (old?.children !== undefined) old.opaque = true;
    else if (old === undefined) {
      this.#tree.put(place, { ...newNode(S_IFCHR, 0n), device: { major: 0, minor: 0 } });
    }
  }
}

function described(
  { uid, gid, mtimeNs, xattrs }: { uid: number; gid: number; mtimeNs: bigint; xattrs: Uint8Array },
  mode: number,
): Node {
  return { ...newNode(mode, mtimeNs), uid, gid, xattrs };
}

/** The file that data operations write. Whole chunks without data are left out. */
class OpenFile {
  readonly #file: ImageFile;
  readonly #content: Content;
  readonly #chunkBytes: number;
  /** Bytes of the file that are in the image or left out. */
  #done = 0;

  constructor(file: ImageFile, content: Content) {
    this.#file = file;
    this.#content = content;
    this.#chunkBytes = BLOCK * 2 ** content.chunkBits;
  }

  data(offset: number, bytes: Uint8Array): void {
    if (offset < this.#done || offset + bytes.length > this.#content.size) {
      throw refused('tree-data', '', 'EBADMSG');
    }
    if (offset > this.#done) this.#hole(offset);
    this.#file.append(bytes);
    this.#done = offset + bytes.length;
  }

  end(): void {
    if (this.#done < this.#content.size) this.#hole(this.#content.size);
    const { position } = this.#file;
    const unit = this.#content.holes.length > 0 ? this.#chunkBytes : BLOCK;
    const start = this.#content.start * BLOCK;
    this.#file.skipTo(start + Math.ceil((position - start) / unit) * unit);
  }

  /** From what is done to `end`: zeros up to the next chunk, then chunks that are left out, then zeros. */
  #hole(end: number): void {
    const first = Math.ceil(this.#done / this.#chunkBytes);
    const whole =
      end === this.#content.size
        ? Math.ceil(end / this.#chunkBytes)
        : Math.floor(end / this.#chunkBytes);
    if (whole <= first) {
      this.#file.skipTo(this.#file.position + end - this.#done);
    } else {
      this.#content.holes = [...this.#content.holes, { first, count: whole - first }];
      const rest = Math.max(0, end - whole * this.#chunkBytes);
      this.#file.skipTo(this.#file.position + first * this.#chunkBytes - this.#done + rest);
    }
    this.#done = end;
  }
}

/** Most files have none. */
const NO_HOLES: Content['holes'] = [];

function newContent(op: OpOf<'tree-file'>, file: ImageFile): Content {
  const size = Number(op.size);
  const chunkBits = Math.max(0, Math.ceil(Math.log2(size / BLOCK / CHUNKS_MAX)));
  if (chunkBits > CHUNK_BITS_MAX || !Number.isSafeInteger(size))
    throw refused(op.op, op.path, 'EFBIG');
  return { size, start: file.position / BLOCK, chunkBits, holes: NO_HOLES };
}
