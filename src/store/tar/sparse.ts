/** Sparse files: GNU's old header, and the pax forms 0.0, 0.1 and 1.0 (GNU tar manual, "Sparse Formats"). */

import { decodeByteText } from '../../base/byte-text.ts';
import { fieldNumber, malformed } from './fields.ts';

/** Pieces of content in ascending order; the archive holds them back to back. */
export type SparseMap = readonly SparsePiece[];

export interface SparsePiece {
  offset: number;
  length: number;
}

const PAIR = 24;

/** Pairs of an old GNU header; a pair of zero length at the end only marks the size. */
export function readPairs(bytes: Uint8Array): SparsePiece[] {
  const pieces: SparsePiece[] = [];
  for (let at = 0; at + PAIR <= bytes.length; at += PAIR) {
    if (bytes[at] === 0) break;
    const offset = fieldNumber(bytes, [at, 12], 'sparse offset');
    const length = fieldNumber(bytes, [at + 12, 12], 'sparse length');
    pieces.push({ offset, length });
  }
  return pieces;
}

/** `offset,length,offset,length,…` */
export function parseMapText(text: string): SparsePiece[] {
  return pairUp(text === '' ? [] : text.split(',').map(decimal));
}

/** Alternating offsets and lengths to pieces. */
export function pairUp(numbers: readonly number[]): SparsePiece[] {
  if (numbers.length % 2 !== 0) throw malformed('sparse map has an odd number of values');
  const pieces: SparsePiece[] = [];
  for (let at = 0; at < numbers.length; at += 2) {
    pieces.push({ offset: numbers[at] ?? 0, length: numbers[at + 1] ?? 0 });
  }
  return pieces;
}

/** Throws unless the pieces ascend without overlap, end within `size` and add up to `stored` bytes. */
export function checkMap(map: SparseMap, size: number, stored: number): SparseMap {
  let end = 0;
  let total = 0;
  for (const { offset, length } of map) {
    if (offset < end || length < 0 || offset + length > size) {
      throw malformed('sparse map does not fit the file');
    }
    end = offset + length;
    total += length;
  }
  if (total !== stored) throw malformed('sparse map does not fit the stored data');
  return map.filter((piece) => piece.length > 0);
}

/** The map of form 1.0, which stands in decimal lines before the data and fills whole blocks. */
export class MapReader {
  #text = '';
  readonly #maxBytes: number;
  #bytes = 0;
  #lines = 0;
  /** Lines of the whole map, known after the first one. */
  #wanted = Number.POSITIVE_INFINITY;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of map read, whole blocks. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes the next block; the map once it is complete. */
  push(block: Uint8Array): SparsePiece[] | undefined {
    this.#bytes += block.length;
    if (this.#bytes > this.#maxBytes) throw malformed('sparse map is too long');
    this.#text += decodeByteText(block);
    for (const byte of block) {
      if (byte === 10) this.#lines += 1;
    }
    if (this.#wanted === Number.POSITIVE_INFINITY && this.#lines > 0) {
      this.#wanted = 1 + decimal(this.#text.slice(0, this.#text.indexOf('\n'))) * 2;
    }
    if (this.#lines < this.#wanted) return undefined;
    return pairUp(this.#text.split('\n').slice(1, this.#wanted).map(decimal));
  }
}

function decimal(text: string): number {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) throw malformed('sparse map holds something else than numbers');
  }
  const value = Number(text);
  if (text === '' || !Number.isSafeInteger(value)) throw malformed('sparse map is out of range');
  return value;
}
