/** A root file system of the folder as a tar stream, which is what an engine imports. */

import { createReadStream } from 'node:fs';
import { localArchive } from '../copy/local-archive.ts';
import type { FolderImage } from './reference.ts';

const CHUNK = 256 * 1024;

export async function rootArchive(image: FolderImage): Promise<AsyncIterable<Uint8Array>> {
  if (image.kind === 'directory') return localArchive(image.path, '.', (name) => name);
  return createReadStream(image.path, { highWaterMark: CHUNK });
}
