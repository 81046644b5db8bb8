/** A root file system of the folder as a tar stream, which is what an engine imports. What a file is, its content says, not its name. */

import { createReadStream } from 'node:fs';
import { TiffinError } from '../../base/errors.ts';
import { decompress, peek } from '../../store/compression.ts';
import { localArchive } from '../copy/local-archive.ts';
import { cpioAsTar } from './cpio.ts';
import { cpioFormat, isBinaryCpio } from './cpio-header.ts';
import type { FolderImage } from './reference.ts';

const CHUNK = 256 * 1024;
/** Up to the descriptor of a CD's volume (ECMA-119, section 8.1). */
const HEAD = 32_774;
const BLOCK = 512;
const CHECKSUM = { at: 148, size: 8 };

/** Throws `unsupported` for a file that is no archive of a root file system, `invalid` for a broken one. */
export async function rootArchive(image: FolderImage): Promise<AsyncIterable<Uint8Array>> {
  if (image.kind === 'directory') {
    return localArchive(image.path, '.', (name) => name, { oneFileSystem: true });
  }
  const head = await uncompressedHead(image.path);
  if (cpioFormat(head) !== undefined) return cpioAsTar(open(image.path));
  // As it is: the engine decompresses it.
  if (isTar(head)) return open(image.path);
  if (isZip(head)) {
    const { zipArchive } = await import('./zip-archive.ts');
    return zipArchive(image.path);
  }
  throw unknown(image.path, head);
}

function open(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path, { highWaterMark: CHUNK });
}

async function uncompressedHead(path: string): Promise<Uint8Array> {
  const { head, rest } = await peek(decompress(open(path)), HEAD);
  await rest.return(undefined);
  return head;
}

/** The sum of a header's bytes, its own field counted as blanks, is the one format that all kinds of tar share. */
function isTar(head: Uint8Array): boolean {
  if (head.length < BLOCK) return false;
  const block = head.subarray(0, BLOCK);
  const { at, size } = CHECKSUM;
  const field = Buffer.from(block.subarray(at, at + size)).toString('latin1');
  const sum = Number.parseInt(field.trim(), 8);
  const found = block.reduce((total, byte, index) => {
    return total + (index >= at && index < at + size ? 0x20 : byte);
  }, 0);
  return sum === found;
}

/** A zip file may begin with any data; one that something was put before is no root file system. */
function isZip(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, 4)).toString('latin1') === 'PK\x03\x04';
}

function unknown(path: string, head: Uint8Array): TiffinError {
  const kind = kindOf(head);
  return new TiffinError(
    'unsupported',
    'unknown-root-archive',
    `${path} is ${kind === undefined ? 'no tar, cpio or zip archive' : kind.name}`,
    { hint: kind?.hint ?? 'put a directory, a tar, cpio or zip archive there' },
  );
}

function kindOf(head: Uint8Array): { name: string; hint: string } | undefined {
  if (isBinaryCpio(head)) {
    return {
      name: 'a cpio archive of the old binary format',
      hint: 'make one of the format newc: cpio -i, then find . | cpio -o -H newc',
    };
  }
  const text = (from: number, to: number) =>
    Buffer.from(head.subarray(from, to)).toString('latin1');
  if (text(32_769, 32_774) === 'CD001') {
    return {
      name: 'an ISO image',
      hint: 'mount it (mount -o loop,ro) and put the root file system that it holds into the folder, such as core.gz',
    };
  }
  if (text(0, 4) === 'hsqs') {
    return {
      name: 'a squashfs image',
      hint: 'unpack it into a directory: unsquashfs -d NAME FILE',
    };
  }
  return undefined;
}
