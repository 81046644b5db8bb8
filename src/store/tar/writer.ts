/** Tar headers as bytes: ustar, with a pax header before it for what ustar cannot hold. The same entry gives the same bytes. */

import { encodeByteText } from '../../base/byte-text.ts';
import { BLOCK, type TarEntry, type TarKind } from './entry.ts';
import { FIELDS } from './fields.ts';
import { formatPax } from './pax.ts';

const TYPE_FLAGS: Readonly<Record<TarKind, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** The largest numbers of seven and eleven octal digits. */
const MAX_SHORT = 0o7777777;
const MAX_LONG = 0o77777777777;
const NS = 1_000_000_000n;

/** The header blocks of one member. `size` bytes of content follow for a file, then `tarPadding(size)`. */
export function tarHeader(entry: TarEntry): Uint8Array {
  const records: Uint8Array[] = [];
  const block = headerBlock(entry, TYPE_FLAGS[entry.kind], records);
  for (const { name, value } of entry.xattrs)
    records.push(formatPax(`SCHILY.xattr.${name}`, value));
  if (records.length === 0) return block;
  const pax = Buffer.concat(records);
  const extension: TarEntry = {
    ...entry,
    path: 'PaxHeaders/extended',
    link: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtimeNs: (entry.mtimeNs / NS) * NS,
    size: pax.length,
    major: 0,
    minor: 0,
  };
  return Buffer.concat([headerBlock(extension, 'x', []), pax, tarPadding(pax.length), block]);
}

/** Zeros up to the next block. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}

/** The two empty blocks that end an archive. */
export function tarEnd(): Uint8Array {
  return new Uint8Array(2 * BLOCK);
}

/** A plain file of an archive that is written for a machine: owner 0, mode 0644, time 0. */
export function plainFile(path: string, size: number): TarEntry {
  return {
    kind: 'file',
    path,
    link: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtimeNs: 0n,
    xattrs: [],
    size,
    major: 0,
    minor: 0,
  };
}

/** Fills one block; what does not fit goes into `records`. */
function headerBlock(entry: TarEntry, flag: string, records: Uint8Array[]): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const path = entry.kind === 'directory' && flag === '5' ? withSlash(entry.path) : entry.path;
  putPath(block, path, records);
  putText(block, FIELDS.link, entry.link, 'linkpath', records);
  putNumber(block, FIELDS.mode, entry.mode, MAX_SHORT);
  if (!putNumber(block, FIELDS.uid, entry.uid, MAX_SHORT)) records.push(number('uid', entry.uid));
  if (!putNumber(block, FIELDS.gid, entry.gid, MAX_SHORT)) records.push(number('gid', entry.gid));
  if (!putNumber(block, FIELDS.size, entry.size, MAX_LONG))
    records.push(number('size', entry.size));
  putTime(block, entry.mtimeNs, records);
  block[FIELDS.type[0]] = flag.charCodeAt(0);
  block.set(encodeByteText('ustar\x0000'), FIELDS.magic[0]);
  putNumber(block, FIELDS.major, entry.major, MAX_SHORT);
  putNumber(block, FIELDS.minor, entry.minor, MAX_SHORT);
  putChecksum(block);
  return block;
}

/** In the name field, split over prefix and name at a slash, or as a pax record. */
function putPath(block: Uint8Array, path: string, records: Uint8Array[]): void {
  const bytes = encodeByteText(path);
  const split = splitPoint(bytes);
  if (split === undefined || !isAscii(bytes)) {
    records.push(formatPax('path', bytes));
    block.set(bytes.subarray(0, FIELDS.name[1]), FIELDS.name[0]);
    return;
  }
  if (split > 0) block.set(bytes.subarray(0, split), FIELDS.prefix[0]);
  block.set(bytes.subarray(split > 0 ? split + 1 : 0), FIELDS.name[0]);
}

/** Index of the slash between prefix and name; 0: it all fits the name; undefined: there is no such slash. */
function splitPoint(bytes: Uint8Array): number | undefined {
  if (bytes.length <= FIELDS.name[1]) return 0;
  const last = Math.min(FIELDS.prefix[1], bytes.length - 2);
  const at = bytes.lastIndexOf(47, last);
  return at > 0 && bytes.length - at - 1 <= FIELDS.name[1] ? at : undefined;
}

function putText(
  block: Uint8Array,
  [offset, size]: readonly [number, number],
  text: string,
  key: string,
  records: Uint8Array[],
): void {
  const bytes = encodeByteText(text);
  if (bytes.length > size || !isAscii(bytes)) records.push(formatPax(key, bytes));
  block.set(bytes.subarray(0, size), offset);
}

/** Octal with a terminator; false, and zeros, when it does not fit. */
function putNumber(
  block: Uint8Array,
  [offset, size]: readonly [number, number],
  value: number,
  max: number,
): boolean {
  const fits = value <= max;
  const digits = (fits ? value : 0).toString(8).padStart(size - 1, '0');
  block.set(encodeByteText(digits), offset);
  return fits;
}

function putTime(block: Uint8Array, timeNs: bigint, records: Uint8Array[]): void {
  const seconds = timeNs / NS;
  const fraction = timeNs % NS;
  if (!putNumber(block, FIELDS.mtime, Number(seconds), MAX_LONG) || fraction !== 0n) {
    const digits = fraction === 0n ? '' : `.${String(fraction).padStart(9, '0')}`;
    records.push(formatPax('mtime', encodeByteText(`${seconds}${digits}`)));
  }
}

function putChecksum(block: Uint8Array): void {
  const [offset, size] = FIELDS.checksum;
  block.fill(32, offset, offset + size);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.set(encodeByteText(`${sum.toString(8).padStart(6, '0')}\0 `), offset);
}

function number(key: string, value: number): Uint8Array {
  return formatPax(key, encodeByteText(String(value)));
}

function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 0x80);
}
