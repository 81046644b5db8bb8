/** The two files that make a directory of blobs an OCI image layout (image-spec image-layout.md). */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoName } from '../base/errors.ts';
import type { Descriptor } from '../spec/content.ts';
import { mediaTypes } from '../spec/image.ts';
import { replaceFile } from './durable-files.ts';

/** Annotations by which tools find an image in a layout: the tag or name, and containerd's complete name. */
export const REF_NAME = 'org.opencontainers.image.ref.name';
export const IMAGE_NAME = 'io.containerd.image.name';

export const LAYOUT_FILE = 'oci-layout';
export const INDEX_FILE = 'index.json';

/** What index.json is to list: a manifest, under a complete name if it has one. */
export interface LayoutImage {
  manifest: Descriptor;
  name: string | undefined;
}

export class Layout {
  readonly #directory: string;
  readonly #images: () => readonly LayoutImage[];
  readonly #temporary: () => string;
  #writing: Promise<void> = Promise.resolve();

  /** `images` is asked at each write; `temporary` names a file on the same file system. */
  constructor(directory: string, images: () => readonly LayoutImage[], temporary: () => string) {
    this.#directory = directory;
    this.#images = images;
    this.#temporary = temporary;
  }

  /** Whether both files say what they must. */
  isCurrent(): boolean {
    return this.#files().every(([name, bytes]) =>
      current(join(this.#directory, name))?.equals(bytes),
    );
  }

  /** Writes what changed. One writer at a time, each with the state of its own moment, so the last state wins. */
  update(): Promise<void> {
    const next = this.#writing.catch(() => undefined).then(() => this.#write());
    this.#writing = next;
    return next;
  }

  async #write(): Promise<void> {
    for (const [name, bytes] of this.#files()) await this.#put(name, bytes);
  }

  #files(): [name: string, bytes: Uint8Array][] {
    return [
      [LAYOUT_FILE, layoutMarker()],
      [INDEX_FILE, layoutIndex(this.#images())],
    ];
  }

  async #put(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#directory, name);
    if (current(path)?.equals(bytes)) return;
    await replaceFile(path, bytes, this.#temporary());
  }
}

/** Content of `oci-layout`. */
export function layoutMarker(): Uint8Array {
  return Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

/** Content of `index.json`. */
export function layoutIndex(images: readonly LayoutImage[]): Uint8Array {
  const manifests = images.map(({ manifest, name }) =>
    name === undefined ? manifest : { ...manifest, annotations: nameAnnotations(name) },
  );
  const body = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  return Buffer.from(JSON.stringify(body));
}

/** Tools differ in what `ref.name` means; the complete name is what podman and skopeo write and read. */
function nameAnnotations(name: string): Record<string, string> {
  return { [IMAGE_NAME]: name, [REF_NAME]: name };
}

function current(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}
