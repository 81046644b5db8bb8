/** Whether two unpacked layers are the same, for the check of the store. */

import { type FileHandle, open } from 'node:fs/promises';
import { encodeOp } from '../../plan/encode.ts';
import type { Op } from '../../plan/ops.ts';
import { Digester } from '../../spec/digest.ts';
import { packTreeOps } from '../archives/packed-tree.ts';

const PIECE = 1024 * 1024;
const ZEROS = new Uint8Array(64 * 1024);

/** Byte by byte. */
export async function sameFiles(one: string, other: string): Promise<boolean> {
  const a = await open(one, 'r');
  try {
    const b = await open(other, 'r');
    try {
      return await sameContent(a, b);
    } finally {
      await b.close();
    }
  } finally {
    await a.close();
  }
}

async function sameContent(a: FileHandle, b: FileHandle): Promise<boolean> {
  const size = (await a.stat()).size;
  if ((await b.stat()).size !== size) return false;
  const [left, right] = [Buffer.alloc(PIECE), Buffer.alloc(PIECE)];
  for (let at = 0; at < size; at += PIECE) {
    const [one, two] = await Promise.all([a.read(left, 0, PIECE, at), b.read(right, 0, PIECE, at)]);
    if (one.bytesRead !== two.bytesRead) return false;
    if (!left.subarray(0, one.bytesRead).equals(right.subarray(0, two.bytesRead))) return false;
  }
  return true;
}

/** Of all names, attributes and content below a directory. Directories' times are left out: those that no archive names have none of their own. */
export async function treeDigest(shim: string, directory: string): Promise<string> {
  const digest = new TreeDigest();
  const why = 'the layer to be compared';
  const plan = [{ stage: 'host', op: { op: 'root', path: directory, bind: 0 }, why }] as const;
  for await (const batch of packTreeOps(shim, plan)) {
    for (const op of batch) digest.add(op);
  }
  return digest.finish();
}

class TreeDigest {
  readonly #digester = new Digester();
  /** Of the current file. */
  #size = 0;
  #at = 0;

  add(op: Op): void {
    if (op.op === 'tree-data') {
      this.#zeros(Number(op.offset));
      this.#digester.update(op.bytes);
      this.#at += op.bytes.length;
      return;
    }
    this.#zeros(this.#size);
    this.#at = 0;
    this.#size = op.op === 'tree-file' ? Number(op.size) : 0;
    const shown = op.op === 'tree-directory' ? { ...op, mtimeNs: 0n } : op;
    this.#digester.update(encodeOp(shown, 'host'));
  }

  finish(): string {
    return this.#digester.finish();
  }

  /** A hole reads as zeros, whoever made it. */
  #zeros(end: number): void {
    while (this.#at < end) {
      const piece = ZEROS.subarray(0, Math.min(ZEROS.length, end - this.#at));
      this.#digester.update(piece);
      this.#at += piece.length;
    }
  }
}
