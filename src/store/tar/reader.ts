/**
 * A streaming tar reader: ustar, pax, GNU and old V7 (tar(5)). Bytes in, events out; it holds at most one header and its
 * extensions, never a file. Everything it cannot prove well-formed is an error, since two readings of one archive are an attack.
 */

import { limits } from '../../base/limits.ts';
import { attributes, mergeGlobal, type PaxSparse } from './attributes.ts';
import { BLOCK, type TarEvent } from './entry.ts';
import { FIELDS, fieldCount, fieldText, malformed } from './fields.ts';
import { buildEntry, isZeroBlock, type Member, type MemberType, memberType } from './member.ts';
import { MemberData } from './member-data.ts';
import { type PaxRecord, parsePax } from './pax.ts';
import { checkMap, MapReader, readPairs, type SparsePiece } from './sparse.ts';

type State =
  | 'header'
  | 'extension'
  | 'sparse-header'
  | 'sparse-map'
  | 'data'
  | 'second-zero'
  | 'end';

/** An extension header whose content is being collected. */
interface Extension {
  type: string;
  size: number;
  parts: Uint8Array[];
}

export class TarReader {
  #state: State = 'header';
  /** An incomplete block, kept until the next chunk. */
  readonly #block = new Uint8Array(BLOCK);
  #filled = 0;

  #global: readonly PaxRecord[] = [];
  #own: readonly PaxRecord[] = [];
  #longName: string | undefined;
  #longLink: string | undefined;
  #extension: Extension = { type: '', size: 0, parts: [] };

  #member: Member | undefined;
  #pieces: SparsePiece[] = [];
  #mapReader: MapReader | undefined;

  /** Bytes of the extension that are still to come. */
  #left = 0;
  #content = new MemberData(0, undefined, false);
  #entries = 0;

  /** Takes the next bytes; their views are in the events, so the caller must not change them. */
  push(chunk: Uint8Array): TarEvent[] {
    const events: TarEvent[] = [];
    let at = 0;
    while (at < chunk.length && this.#state !== 'end') {
      if (this.#state === 'data') {
        at = this.#content.take(chunk, at, events);
        if (this.#content.done) this.#state = 'header';
        continue;
      }
      const block = this.#takeBlock(chunk, at);
      at += block.taken;
      if (block.bytes !== undefined) this.#step(block.bytes, events);
    }
    return events;
  }

  /** Call after the last chunk. An archive may end without its two empty blocks, but not inside a member. */
  finish(): void {
    const between = this.#state === 'header' && this.#filled === 0 && !this.#pendingExtension();
    if (!between && this.#state !== 'second-zero' && this.#state !== 'end') {
      throw malformed('unexpected end of the archive');
    }
  }

  #pendingExtension(): boolean {
    return this.#own.length > 0 || this.#longName !== undefined || this.#longLink !== undefined;
  }

  #takeBlock(chunk: Uint8Array, at: number): { bytes?: Uint8Array; taken: number } {
    if (this.#filled === 0 && chunk.length - at >= BLOCK) {
      return { bytes: chunk.subarray(at, at + BLOCK), taken: BLOCK };
    }
    const taken = Math.min(BLOCK - this.#filled, chunk.length - at);
    this.#block.set(chunk.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    if (this.#filled < BLOCK) return { taken };
    this.#filled = 0;
    return { bytes: this.#block, taken };
  }

  #step(block: Uint8Array, events: TarEvent[]): void {
    switch (this.#state) {
      case 'header':
        this.#header(block, events);
        return;
      case 'second-zero':
        if (!isZeroBlock(block)) throw malformed('a lone empty block');
        this.#state = 'end';
        return;
      case 'extension':
        this.#collect(block);
        return;
      case 'sparse-header':
        this.#sparseHeader(block, events);
        return;
      case 'sparse-map':
        this.#sparseMap(block, events);
        return;
    }
  }

  #header(block: Uint8Array, events: TarEvent[]): void {
    if (isZeroBlock(block)) {
      if (this.#pendingExtension()) throw malformed('extended header without a member');
      this.#state = 'second-zero';
      return;
    }
    this.#entries += 1;
    if (this.#entries > limits.archiveEntries) {
      throw malformed(`more than ${limits.archiveEntries} members`);
    }
    const type = memberType(block);
    if (type === 'extension') this.#beginExtension(block);
    else this.#beginMember(block, type, events);
  }

  #beginMember(block: Uint8Array, type: MemberType, events: TarEvent[]): void {
    const known = attributes(this.#global, this.#own);
    if (this.#longName !== undefined) known.path ??= this.#longName;
    if (this.#longLink !== undefined) known.link ??= this.#longLink;
    this.#own = [];
    this.#longName = undefined;
    this.#longLink = undefined;
    const member = buildEntry(block, type, known);
    this.#member = member;
    if (member.oldSparse) this.#beginOldSparse(block, member, events);
    else if (known.sparse !== undefined && member.entry?.kind === 'file') {
      this.#beginPaxSparse(known.sparse, member, events);
    } else this.#beginData(undefined, member, events);
  }

  #beginExtension(block: Uint8Array): void {
    const size = fieldCount(block, FIELDS.size, 'size');
    if (size > limits.archiveHeaderBytes) {
      throw malformed(`extended header is larger than ${limits.archiveHeaderBytes} bytes`);
    }
    this.#extension = { type: fieldText(block, FIELDS.type), size, parts: [] };
    this.#left = size;
    if (size === 0) this.#endExtension();
    else this.#state = 'extension';
  }

  #collect(block: Uint8Array): void {
    const part = block.slice(0, Math.min(BLOCK, this.#left));
    this.#extension.parts.push(part);
    this.#left -= part.length;
    if (this.#left === 0) this.#endExtension();
  }

  #endExtension(): void {
    this.#state = 'header';
    const { type, parts } = this.#extension;
    const bytes = Buffer.concat(parts);
    this.#extension = { type: '', size: 0, parts: [] };
    switch (type) {
      case 'x':
      case 'X':
        // Two in a row: readers disagree which one counts.
        if (this.#own.length > 0) throw malformed('two extended headers for one member');
        this.#own = parsePax(bytes);
        return;
      case 'g':
        this.#global = mergeGlobal(this.#global, parsePax(bytes));
        return;
      case 'L':
        this.#longName = fieldText(bytes, [0, bytes.length]);
        return;
      case 'K':
        this.#longLink = fieldText(bytes, [0, bytes.length]);
        return;
    }
  }

  #beginOldSparse(block: Uint8Array, member: Member, events: TarEvent[]): void {
    this.#pieces = readPairs(block.subarray(386, 482));
    if (member.entry !== undefined) {
      member.entry.size = fieldCount(block, FIELDS.sparseSize, 'sparse size');
    }
    if (block[FIELDS.sparseMore[0]] === 1) this.#state = 'sparse-header';
    else this.#beginData(this.#pieces, member, events);
  }

  #sparseHeader(block: Uint8Array, events: TarEvent[]): void {
    for (const piece of readPairs(block.subarray(0, 504))) this.#pieces.push(piece);
    if (this.#pieces.length * 24 > limits.archiveHeaderBytes)
      throw malformed('sparse map is too long');
    if (block[504] !== 1 && this.#member !== undefined) {
      this.#beginData(this.#pieces, this.#member, events);
    }
  }

  #beginPaxSparse(sparse: PaxSparse, member: Member, events: TarEvent[]): void {
    if (sparse.size === undefined) throw malformed('sparse file without its size');
    if (member.entry !== undefined) {
      member.entry.size = sparse.size;
      if (sparse.name !== undefined) member.entry.path = sparse.name;
    }
    if (sparse.major === 0) {
      this.#beginData(sparse.map ?? [], member, events);
      return;
    }
    if (sparse.major !== 1) throw malformed('unknown sparse format');
    this.#mapReader = new MapReader(limits.archiveHeaderBytes);
    this.#state = 'sparse-map';
  }

  #sparseMap(block: Uint8Array, events: TarEvent[]): void {
    const pieces = this.#mapReader?.push(block);
    const member = this.#member;
    if (pieces === undefined || member === undefined) return;
    member.stored -= this.#mapReader?.bytes ?? 0;
    this.#beginData(pieces, member, events);
  }

  #beginData(pieces: SparsePiece[] | undefined, member: Member, events: TarEvent[]): void {
    if (member.stored < 0) throw malformed('sparse map is longer than the member');
    const { entry, stored } = member;
    const map = pieces && entry && checkMap(pieces, entry.size, stored);
    this.#content = new MemberData(stored, map, entry !== undefined);
    this.#state = stored === 0 ? 'header' : 'data';
    if (entry !== undefined) events.push({ kind: 'entry', entry });
  }
}
