/** A zip file as a tar stream (PKWARE's APPNOTE.TXT; modes and links as Info-ZIP writes them on Unix). */

import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { errorMessage } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { TarEntry, TarKind } from '../../store/tar/entry.ts';
import { plainFile, tarEnd, tarHeader, tarPadding } from '../../store/tar/writer.ts';
import { CliError } from '../command.ts';

/** Of the file's kind in its Unix mode. Devices and pipes are no part of a zip file. */
const KINDS: ReadonlyMap<number, TarKind> = new Map([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
]);
const TYPE_MASK = 0o170000;
/** The high byte of «version made by». */
const MADE_ON_UNIX = 3;
const MAX_LINK_BYTES = 4096;
const MODES = { directory: 0o755, file: 0o644 };

/** Owners are root's: the format has them in extensions only. Throws `CliError` naming the file. */
export async function* zipArchive(path: string): AsyncGenerator<Uint8Array> {
  try {
    const zip = await openPromise(path, { lazyEntries: true, autoClose: false });
    try {
      for (const entry of await directoryOf(zip)) yield* member(zip, entry);
    } finally {
      zip.close();
    }
  } catch (error) {
    throw new CliError(`${path}: ${errorMessage(error)}`);
  }
  yield tarEnd();
}

/** Read whole first: entries may lie over each other, and one piece of data that is counted many times is a bomb. */
async function directoryOf(zip: ZipFile): Promise<Entry[]> {
  const ratio = Math.max(limits.decompressedFreeBytes, zip.fileSize * limits.decompressedRatio);
  const allowed = Math.min(ratio, limits.decompressedBytes);
  const entries: Entry[] = [];
  let total = 0;
  for await (const entry of zip.eachEntry()) {
    total += entry.uncompressedSize;
    if (total > allowed) {
      throw new CliError(`${zip.fileSize} bytes grow to more than ${allowed}`);
    }
    if (entries.push(entry) > limits.imageEntries) {
      throw new CliError(`more than ${limits.imageEntries} entries`);
    }
  }
  return entries;
}

async function* member(zip: ZipFile, entry: Entry): AsyncGenerator<Uint8Array> {
  const described = describe(entry);
  if (described === undefined) return;
  if (described.kind === 'symlink') described.link = await readLink(zip, entry);
  yield tarHeader(described);
  if (described.kind !== 'file') return;
  // The reader checks that there are as many bytes as the entry says.
  yield* await zip.openReadStreamPromise(entry);
  yield tarPadding(described.size);
}

function describe(entry: Entry): TarEntry | undefined {
  const path = entry.fileName.replace(/\/$/, '');
  const unix = entry.versionMadeBy >>> 8 === MADE_ON_UNIX ? entry.externalFileAttributes >>> 16 : 0;
  const byName = path === entry.fileName ? 'file' : 'directory';
  const type = unix & TYPE_MASK;
  const kind = type === 0 ? byName : KINDS.get(type);
  if (kind === undefined || path === '') return undefined;
  return {
    ...plainFile(path, kind === 'file' ? entry.uncompressedSize : 0),
    kind,
    mode: unix === 0 ? MODES[byName] : unix & 0o7777,
    mtimeNs: BigInt(Math.max(0, entry.getLastModDate().getTime())) * 1_000_000n,
  };
}

async function readLink(zip: ZipFile, entry: Entry): Promise<string> {
  if (entry.uncompressedSize > MAX_LINK_BYTES) {
    throw new CliError(`${entry.fileName}: a link of ${entry.uncompressedSize} bytes`);
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
