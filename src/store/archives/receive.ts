/** An image archive taken apart: its JSON documents in memory, every other file as a blob of the store. */

import { posix } from 'node:path';
import { TiffinError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Digest } from '../../spec/content.ts';
import { isDigest } from '../../spec/digest.ts';
import type { BlobWriter, FileBlobStore } from '../blobs.ts';
import { decompress } from '../compression.ts';
import { INDEX_FILE, LAYOUT_FILE } from '../layout.ts';
import type { TarEntry } from '../tar/entry.ts';
import { memberPath } from '../tar/member-path.ts';
import { TarReader } from '../tar/reader.ts';

export const DOCKER_MANIFEST = 'manifest.json';
/** Names of images in archives of before Docker 1.10. */
export const REPOSITORIES = 'repositories';

/** Read whole, by us; everything else is content. */
const DOCUMENTS: ReadonlySet<string> = new Set([
  DOCKER_MANIFEST,
  INDEX_FILE,
  LAYOUT_FILE,
  REPOSITORIES,
]);
/** Old Docker archives share layers by links; longer chains do not occur. */
const MAX_LINKS = 8;

export interface StoredFile {
  digest: Digest;
  size: number;
}

export class ReceivedArchive {
  readonly #documents = new Map<string, Uint8Array>();
  readonly #files = new Map<string, StoredFile>();
  readonly #links = new Map<string, string>();

  document(name: string): Uint8Array | undefined {
    return this.#documents.get(name);
  }

  /** The file of that path in the archive, through links. Throws `invalid` when there is none. */
  file(path: string): StoredFile {
    let at = posix.normalize(path);
    for (let hops = 0; hops <= MAX_LINKS; hops += 1) {
      const found = this.#files.get(at);
      if (found !== undefined) return found;
      const link = this.#links.get(at);
      if (link === undefined) break;
      at = link;
    }
    throw broken(`it has no file ${JSON.stringify(path.slice(0, 200))}`);
  }

  /** Of the files that are no documents, in the archive's order. */
  paths(): string[] {
    return [...this.#files.keys()];
  }

  addDocument(path: string, bytes: Uint8Array): void {
    this.#documents.set(path, bytes);
  }

  addFile(path: string, file: StoredFile): void {
    this.#files.set(path, file);
  }

  /** `target` is relative to the link's directory, or for a hard link to the archive. */
  addLink(path: string, target: string, hard: boolean): void {
    const base = hard ? '.' : posix.dirname(path);
    this.#links.set(path, posix.normalize(posix.join(base, target)));
  }
}

/** Throws `invalid` for what is no archive. Blobs that were stored before a failure are left for the garbage collection. */
export async function receiveArchive(
  archive: AsyncIterable<Uint8Array>,
  blobs: FileBlobStore,
): Promise<ReceivedArchive> {
  const reader = new TarReader();
  const receiver = new Receiver(blobs);
  try {
    for await (const chunk of decompress(archive)) {
      for (const event of reader.push(chunk)) {
        if (event.kind === 'entry') await receiver.begin(event.entry);
        else await receiver.data(event.offset, event.bytes);
      }
    }
    reader.finish();
    return await receiver.finish();
  } catch (error) {
    await receiver.abandon();
    throw error;
  }
}

class Receiver {
  readonly #blobs: FileBlobStore;
  readonly #archive = new ReceivedArchive();
  #path = '';
  #document: Uint8Array[] | undefined;
  #writer: BlobWriter | undefined;
  #size = 0;
  #members = 0;

  constructor(blobs: FileBlobStore) {
    this.#blobs = blobs;
  }

  async begin(entry: TarEntry): Promise<void> {
    await this.#end();
    this.#members += 1;
    if (this.#members > limits.archiveFiles) {
      throw broken(`it has more than ${limits.archiveFiles} members`);
    }
    const path = memberPath(entry.path);
    if (entry.kind === 'symlink' || entry.kind === 'hardlink') {
      this.#archive.addLink(path, entry.link, entry.kind === 'hardlink');
    }
    if (entry.kind !== 'file') return;
    this.#path = path;
    this.#size = 0;
    if (DOCUMENTS.has(path)) {
      if (entry.size > limits.manifestBytes) throw broken(`${path} is too large`);
      this.#document = [];
    } else {
      const digest = digestOfPath(path);
      this.#writer = await this.#blobs.begin(digest && { digest, size: entry.size });
    }
  }

  async data(offset: number, bytes: Uint8Array): Promise<void> {
    if (offset !== this.#size) throw broken(`${this.#path} is a sparse file`);
    this.#size += bytes.length;
    this.#document?.push(bytes.slice());
    await this.#writer?.write(bytes);
  }

  async finish(): Promise<ReceivedArchive> {
    await this.#end();
    return this.#archive;
  }

  async abandon(): Promise<void> {
    await this.#writer?.abandon();
  }

  async #end(): Promise<void> {
    if (this.#document !== undefined) {
      this.#archive.addDocument(this.#path, Buffer.concat(this.#document));
    }
    if (this.#writer !== undefined) {
      this.#archive.addFile(this.#path, await this.#writer.commit());
    }
    this.#document = undefined;
    this.#writer = undefined;
  }
}

/** `blobs/sha256/<hex>` names its own digest, which its content has to match. */
function digestOfPath(path: string): Digest | undefined {
  const [blobs, algorithm, hex, ...rest] = path.split('/');
  const digest = `${algorithm}:${hex}`;
  return blobs === 'blobs' && rest.length === 0 && isDigest(digest) ? digest : undefined;
}

export function broken(message: string): TiffinError {
  return new TiffinError('invalid', 'bad-image-archive', `not a usable image archive: ${message}`);
}
