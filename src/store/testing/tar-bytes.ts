/** Archives by hand, also those that no tar program writes. */

import type { TarEntry, TarEvent } from '../tar/entry.ts';
import { TarReader } from '../tar/reader.ts';
import { plainFile, tarEnd, tarHeader, tarPadding } from '../tar/writer.ts';

export interface RawHeader {
  name?: string;
  mode?: string;
  uid?: string;
  gid?: string;
  size?: string | Uint8Array;
  mtime?: string;
  type?: string;
  link?: string;
  magic?: string;
  major?: string;
  minor?: string;
  prefix?: string;
  /** Bytes laid over the block at an offset, before the checksum is made. */
  patch?: readonly [offset: number, bytes: Uint8Array][];
  checksum?: string;
}

const OFFSETS = {
  name: 0,
  mode: 100,
  uid: 108,
  gid: 116,
  size: 124,
  mtime: 136,
  type: 156,
  link: 157,
  magic: 257,
  major: 329,
  minor: 337,
  prefix: 345,
} as const;

const DEFAULTS: RawHeader = {
  mode: '0000644',
  uid: '0000000',
  gid: '0000000',
  size: '00000000000',
  mtime: '00000000000',
  type: '0',
  magic: 'ustar\x0000',
};

/** One header block with exactly these fields and a right checksum. */
export function rawHeader(fields: RawHeader): Uint8Array {
  const block = new Uint8Array(512);
  const all = { ...DEFAULTS, ...fields };
  for (const [field, offset] of Object.entries(OFFSETS)) {
    const value = all[field as keyof typeof OFFSETS];
    if (value !== undefined)
      block.set(typeof value === 'string' ? Buffer.from(value) : value, offset);
  }
  for (const [offset, bytes] of fields.patch ?? []) block.set(bytes, offset);
  block.fill(32, 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.set(Buffer.from(fields.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `), 148);
  return block;
}

/** Content filled up to whole blocks. */
export function padded(content: string | Uint8Array): Uint8Array {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return Buffer.concat([bytes, tarPadding(bytes.length)]);
}

/** A member of the given type with content, its size in octal. */
export function rawMember(type: string, name: string, content: string | Uint8Array): Uint8Array {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const size = bytes.length.toString(8).padStart(11, '0');
  return Buffer.concat([rawHeader({ type, name, size }), padded(bytes)]);
}

/** pax records as text, their lengths right. */
export function paxText(records: Readonly<Record<string, string>>): string {
  return Object.entries(records)
    .map(([key, value]) => {
      const body = ` ${key}=${value}\n`;
      let length = Buffer.byteLength(body) + 1;
      while (String(length).length + Buffer.byteLength(body) !== length) length += 1;
      return `${length}${body}`;
    })
    .join('');
}

export function archive(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([...parts, tarEnd()]);
}

/** Well-formed members, with content for files. */
export function members(
  entries: readonly (Partial<TarEntry> & { path: string; content?: string })[],
): Uint8Array {
  return archive(
    ...entries.flatMap(({ content = '', ...entry }) => {
      const bytes = Buffer.from(content);
      return [tarHeader({ ...plainFile(entry.path, bytes.length), ...entry }), padded(bytes)];
    }),
  );
}

export interface ReadMember {
  entry: TarEntry;
  pieces: { offset: number; text: string }[];
}

/** The whole archive, pushed in pieces of `step` bytes; neighbouring data is joined. */
export function readTar(bytes: Uint8Array, step = bytes.length): ReadMember[] {
  const reader = new TarReader();
  const found: ReadMember[] = [];
  for (let at = 0; at < bytes.length; at += step) {
    // A copy of its own, as from a socket.
    for (const event of reader.push(bytes.slice(at, at + step))) collect(found, event);
  }
  reader.finish();
  return found;
}

function collect(found: ReadMember[], event: TarEvent): void {
  if (event.kind === 'entry') {
    found.push({ entry: event.entry, pieces: [] });
    return;
  }
  const pieces = found.at(-1)?.pieces ?? [];
  const text = Buffer.from(event.bytes).toString('latin1');
  const last = pieces.at(-1);
  if (last !== undefined && last.offset + last.text.length === event.offset) last.text += text;
  else pieces.push({ offset: event.offset, text });
}
