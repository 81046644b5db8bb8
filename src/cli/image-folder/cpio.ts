/**
 * cpio archives, as initial RAM disks are made, as a tar stream (cpio(5): newc, newc with sums, odc). Whatever they hold, the engine checks the
 * tar stream as it checks any; here is made sure that the one says what the other says, with bounds on what stays in memory.
 */

import { decodeByteText } from '../../base/byte-text.ts';
import { limits } from '../../base/limits.ts';
import { ByteSource } from '../../store/byte-source.ts';
import { decompress } from '../../store/compression.ts';
import type { TarEntry, TarKind } from '../../store/tar/entry.ts';
import { tarEnd, tarHeader, tarPadding } from '../../store/tar/writer.ts';
import {
  brokenCpio,
  CPIO_MAGIC_BYTES,
  type CpioFormat,
  type CpioHeader,
  cpioFormat,
} from './cpio-header.ts';
import { HardLinks } from './hard-links.ts';

const TYPE_MASK = 0o170000;
const KINDS: ReadonlyMap<number, TarKind> = new Map([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
  [0o020000, 'character'],
  [0o060000, 'block'],
  [0o010000, 'fifo'],
]);

const TRAILER = 'TRAILER!!!';
const CHUNK = 256 * 1024;
/** Archives one behind the other, as boot loaders join them. */
const MOST_ARCHIVES = 64;
const NS = 1_000_000_000n;

/** `source` may be compressed, and so may each archive behind the first. Throws `invalid`. */
export async function* cpioAsTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const count = { entries: 0 };
  let rest = source;
  for (let archives = 0; archives < MOST_ARCHIVES; archives += 1) {
    const input = new ByteSource(decompress(rest));
    yield* oneArchive(input, count);
    await input.skipZeros();
    if (await input.atEnd()) {
      yield tarEnd();
      return;
    }
    rest = input.rest();
  }
  throw brokenCpio('too many archives one behind the other');
}

async function* oneArchive(
  input: ByteSource,
  count: { entries: number },
): AsyncGenerator<Uint8Array> {
  const links = new HardLinks();
  for (;;) {
    const magic = await take(input, CPIO_MAGIC_BYTES);
    const format = cpioFormat(magic);
    if (format === undefined) throw brokenCpio('no header where one must be');
    const header = format.parse(await take(input, format.headerBytes - CPIO_MAGIC_BYTES));
    const path = await readName(input, format, header);
    if (path === TRAILER) break;
    count.entries += 1;
    if (count.entries > limits.archiveEntries) throw brokenCpio('too many entries');
    yield* member(input, format, header, path, links);
    await expectPadding(input, format, header.size);
  }
  // Names of one file whose content never came: it is empty.
  for (const { entry, others } of links.unfinished()) {
    yield tarHeader(entry);
    for (const other of others) yield tarHeader(hardLink(entry, other));
  }
}

/** With the zero behind it and the padding. */
async function readName(
  input: ByteSource,
  format: CpioFormat,
  header: CpioHeader,
): Promise<string> {
  if (header.nameSize < 2 || header.nameSize > limits.archivePathBytes) {
    throw brokenCpio(`a name of ${header.nameSize} bytes`);
  }
  const bytes = await take(input, header.nameSize);
  if (bytes.indexOf(0) !== bytes.length - 1) throw brokenCpio('a name with a zero inside');
  await expectPadding(input, format, format.headerBytes + header.nameSize);
  return decodeByteText(bytes.subarray(0, -1));
}

async function* member(
  input: ByteSource,
  format: CpioFormat,
  header: CpioHeader,
  path: string,
  links: HardLinks,
): AsyncGenerator<Uint8Array> {
  const kind = KINDS.get(header.mode & TYPE_MASK);
  if (kind === undefined) {
    // A socket, which lives only with its program, or nothing that a file system knows.
    await skip(input, header.size);
    return;
  }
  const entry = describe(header, kind, path);
  if (kind === 'symlink') {
    entry.link = await readTarget(input, header.size);
    yield tarHeader(entry);
  } else if (kind === 'file') {
    yield* file(input, format, header, entry, links);
  } else {
    await skip(input, header.size);
    yield tarHeader(entry);
  }
}

/** Of several names of one file, newc has the content with the last, odc with each. */
async function* file(
  input: ByteSource,
  format: CpioFormat,
  header: CpioHeader,
  entry: TarEntry,
  links: HardLinks,
): AsyncGenerator<Uint8Array> {
  const shared = header.links > 1;
  const first = shared ? links.written(header) : undefined;
  if (first !== undefined) {
    await skip(input, header.size);
    yield tarHeader(hardLink(entry, entry.path, first));
    return;
  }
  if (shared && header.size === 0) {
    links.wait(header, entry);
    return;
  }
  yield tarHeader(entry);
  yield* content(input, format, header);
  yield tarPadding(header.size);
  if (!shared) return;
  for (const other of links.finish(header, entry.path)) yield tarHeader(hardLink(entry, other));
}

async function* content(
  input: ByteSource,
  format: CpioFormat,
  header: CpioHeader,
): AsyncGenerator<Uint8Array> {
  let sum = 0;
  for (let left = header.size; left > 0; ) {
    const bytes = await input.some(Math.min(left, CHUNK));
    if (bytes === undefined) throw brokenCpio('unexpected end');
    left -= bytes.length;
    if (format.sums) for (const byte of bytes) sum += byte;
    yield bytes;
  }
  if (format.sums && sum % 2 ** 32 !== header.sum) throw brokenCpio('checksum mismatch');
}

function describe(header: CpioHeader, kind: TarKind, path: string): TarEntry {
  return {
    kind,
    path,
    link: '',
    mode: header.mode & 0o7777,
    uid: header.uid,
    gid: header.gid,
    mtimeNs: BigInt(header.mtime) * NS,
    xattrs: [],
    size: kind === 'file' ? header.size : 0,
    major: kind === 'character' || kind === 'block' ? header.major : 0,
    minor: kind === 'character' || kind === 'block' ? header.minor : 0,
  };
}

function hardLink(entry: TarEntry, path: string, target = entry.path): TarEntry {
  return { ...entry, kind: 'hardlink', path, link: target, size: 0 };
}

async function readTarget(input: ByteSource, size: number): Promise<string> {
  if (size === 0 || size > limits.archivePathBytes) {
    throw brokenCpio(`a symbolic link of ${size} bytes`);
  }
  const bytes = await take(input, size);
  const end = bytes.indexOf(0);
  return decodeByteText(end < 0 ? bytes : bytes.subarray(0, end));
}

async function expectPadding(input: ByteSource, format: CpioFormat, size: number): Promise<void> {
  await take(input, (format.alignment - (size % format.alignment)) % format.alignment);
}

async function skip(input: ByteSource, size: number): Promise<void> {
  for (let left = size; left > 0; ) {
    const bytes = await input.some(left);
    if (bytes === undefined) throw brokenCpio('unexpected end');
    left -= bytes.length;
  }
}

async function take(input: ByteSource, size: number): Promise<Uint8Array> {
  const bytes = await input.take(size);
  if (bytes === undefined) throw brokenCpio('unexpected end');
  return bytes;
}
