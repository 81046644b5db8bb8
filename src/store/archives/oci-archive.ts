/** `index.json` of an OCI image layout inside an archive (image-spec image-layout.md). */

import { limits } from '../../base/limits.ts';
import type { Descriptor, Platform } from '../../spec/content.ts';
import { decodeImageDocument, decodeIndex, type ImageIndex } from '../../spec/image.ts';
import { platformMatches, selectPlatform } from '../../spec/platform.ts';
import { type ImageReference, parseReference } from '../../spec/reference.ts';
import type { FileBlobStore } from '../blobs.ts';
import type { ImageOrigin } from '../images/images.ts';
import { IMAGE_NAME, REF_NAME } from '../layout.ts';
import { broken } from './receive.ts';

/** The images for this platform. An image of another platform is taken when the archive has it alone. */
export async function ociImages(
  index: Uint8Array,
  blobs: FileBlobStore,
  platform: Platform,
): Promise<ImageOrigin[]> {
  const images: ImageOrigin[] = [];
  const { manifests } = decodeIndex(index);
  if (manifests.length > limits.archiveImages) throw broken('index.json lists too many images');
  for (const descriptor of manifests) {
    if (isAttestation(descriptor)) continue;
    const manifest = await resolveManifest(descriptor, blobs, platform, 0);
    if (manifest === undefined) continue;
    const name = nameOf(descriptor);
    images.push({ manifest, names: name === undefined ? [] : [name] });
  }
  return images;
}

async function resolveManifest(
  descriptor: Descriptor,
  blobs: FileBlobStore,
  platform: Platform,
  depth: number,
): Promise<Descriptor | undefined> {
  if (depth > limits.indexDepth) throw broken('indexes are nested too deeply');
  if (!blobs.has(descriptor.digest)) throw broken(`blob ${descriptor.digest} is missing`);
  const bytes = await blobs.readAll(descriptor.digest, limits.manifestBytes);
  const document = decodeImageDocument(bytes, descriptor.mediaType);
  if (document.kind === 'manifest') {
    return { mediaType: document.mediaType, digest: descriptor.digest, size: bytes.length };
  }
  const chosen = choose(document, blobs, platform);
  return chosen && resolveManifest(chosen, blobs, platform, depth + 1);
}

/** An index may list more than the archive holds: only what is there counts. */
function choose(
  index: ImageIndex,
  blobs: FileBlobStore,
  platform: Platform,
): Descriptor | undefined {
  const present = index.manifests.filter(
    (manifest) => !isAttestation(manifest) && blobs.has(manifest.digest),
  );
  const matching = present.filter(
    (manifest) => manifest.platform && platformMatches(platform, manifest.platform),
  );
  return selectPlatform(matching, platform) ?? (present.length === 1 ? present[0] : undefined);
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
