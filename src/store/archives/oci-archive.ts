/** `index.json` of an OCI image layout inside an archive (image-spec image-layout.md). */

import { limits } from '../../base/limits.ts';
import type { Descriptor, Platform } from '../../spec/content.ts';
import { decodeImageDocument, decodeIndex, type ImageIndex } from '../../spec/image.ts';
import { selectPlatform } from '../../spec/platform.ts';
import { type ImageReference, parseReference } from '../../spec/reference.ts';
import type { FileBlobStore } from '../blobs.ts';
import type { ImageOrigin } from '../images/images.ts';
import { IMAGE_NAME, REF_NAME } from '../layout.ts';
import { broken } from './receive.ts';

/** Documents that are read to find the images of one archive. */
const MAX_VISITS = 4 * limits.archiveImages;

/** The images that the archive holds: of every platform, or the best for one. */
export async function ociImages(
  index: Uint8Array,
  blobs: FileBlobStore,
  platform: Platform | undefined,
): Promise<ImageOrigin[]> {
  const images: ImageOrigin[] = [];
  const { manifests } = decodeIndex(index);
  const visits = { left: MAX_VISITS };
  for (const descriptor of manifests) {
    if (isAttestation(descriptor)) continue;
    const found = await resolveManifests(descriptor, { blobs, platform, visits }, 0);
    const name = nameOf(descriptor);
    const isIndex = !found.some(({ digest }) => digest === descriptor.digest);
    for (const manifest of found) {
      images.push({
        manifest,
        ...(isIndex ? { index: descriptor.digest } : {}),
        names: name === undefined ? [] : [name],
      });
    }
    if (images.length > limits.archiveImages) throw broken('index.json lists too many images');
  }
  return images;
}

interface Search {
  blobs: FileBlobStore;
  platform: Platform | undefined;
  visits: { left: number };
}

async function resolveManifests(
  descriptor: Descriptor,
  search: Search,
  depth: number,
): Promise<Descriptor[]> {
  const { blobs, platform, visits } = search;
  // An index may name others, and each of them, again and again.
  visits.left -= 1;
  if (visits.left < 0) throw broken('its indexes list too much');
  if (depth > limits.indexDepth) throw broken('indexes are nested too deeply');
  if (!blobs.has(descriptor.digest)) throw broken(`blob ${descriptor.digest} is missing`);
  const bytes = await blobs.readAll(descriptor.digest, limits.manifestBytes);
  const document = decodeImageDocument(bytes, descriptor.mediaType);
  if (document.kind === 'manifest') {
    const { mediaType } = document;
    return [{ mediaType, digest: descriptor.digest, size: bytes.length }];
  }
  const found: Descriptor[] = [];
  for (const chosen of choose(document, blobs, platform)) {
    found.push(...(await resolveManifests(chosen, search, depth + 1)));
  }
  return found;
}

/** An index may list more than the archive holds: only what is there counts. */
function choose(
  index: ImageIndex,
  blobs: FileBlobStore,
  platform: Platform | undefined,
): Descriptor[] {
  const present = index.manifests.filter(
    (manifest) => !isAttestation(manifest) && blobs.has(manifest.digest),
  );
  if (platform === undefined || present.length === 1) return present;
  const chosen = selectPlatform(present, platform);
  return chosen === undefined ? [] : [chosen];
}

/** A name only if it is a complete one: `ref.name` may also be a bare tag, which names no repository. */
function nameOf(descriptor: Descriptor): ImageReference | undefined {
  const full = descriptor.annotations?.[IMAGE_NAME];
  if (full !== undefined) return parseReference(full);
  const name = descriptor.annotations?.[REF_NAME];
  return name?.includes(':') || name?.includes('/') ? parseReference(name) : undefined;
}

/** Signatures and provenance that build tools put beside an image. */
function isAttestation(descriptor: Descriptor): boolean {
  const type = descriptor.annotations?.['vnd.docker.reference.type'];
  return type === 'attestation-manifest' || descriptor.platform?.os === 'unknown';
}
