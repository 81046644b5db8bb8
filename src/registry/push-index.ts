/** Puts an index over images that the registry has already, maybe in other repositories. */

import { TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Descriptor, Digest } from '../spec/content.ts';
import { sha256Digest } from '../spec/digest.ts';
import type { RegistryAuth } from '../spec/docker.ts';
import { decodeManifest, manifestMediaTypes, mediaTypes } from '../spec/image.ts';
import type { ImageReference } from '../spec/reference.ts';
import { openRepository, type RepositoryClient } from './client.ts';
import { boundedBody } from './http.ts';
import { placesOf } from './places.ts';
import { putManifest } from './push.ts';
import { manifestFailure } from './resolve.ts';
import { mountBlob } from './upload.ts';

/** One entry of the index, and where it is now: in the registry of the index. */
export interface IndexPart {
  from: ImageReference;
  descriptor: Descriptor;
}

export interface PushIndexOptions {
  /** With a tag. */
  reference: ImageReference;
  parts: readonly IndexPart[];
  auth?: RegistryAuth;
  signal: AbortSignal;
}

export async function pushIndex(
  options: PushIndexOptions,
): Promise<{ digest: Digest; size: number }> {
  const { reference, parts, signal } = options;
  for (const { from } of parts) requireSameRegistry(from, reference);
  const others = new Set(parts.map(({ from }) => from.repository));
  others.delete(reference.repository);
  const open = repositoryOpener(options);
  const target = await open(reference.repository, [...others]);
  for (const part of parts) {
    if (part.from.repository === reference.repository) continue;
    await carry(part, await open(part.from.repository), target, signal);
  }
  const index = indexOver(parts.map(({ descriptor }) => descriptor));
  await putManifest(target, reference.tag ?? 'latest', index, signal);
  return { digest: index.digest, size: index.bytes.length };
}

function requireSameRegistry(from: ImageReference, target: ImageReference): void {
  if (from.registry === target.registry) return;
  const message = `cannot use source images from a different registry than the target image: ${from.registry} != ${target.registry}`;
  throw new TiffinError('invalid', 'other-registry', message, {
    hint: 'pull the image, tag it for that registry and push it there first',
  });
}

function repositoryOpener({ reference, auth, signal }: PushIndexOptions) {
  const [place] = placesOf(reference.registry, 'push');
  const prefix = place?.prefix ?? '';
  return (repository: string, mountFrom?: readonly string[]): Promise<RepositoryClient> =>
    openRepository({
      registry: place?.registry ?? reference.registry,
      repository: `${prefix}${repository}`,
      auth: place?.own === false ? undefined : auth,
      insecure: place?.insecure ?? false,
      tokenServers: place?.tokenServers ?? [],
      ...(mountFrom === undefined
        ? {}
        : { push: true, mountFrom: mountFrom.map((name) => `${prefix}${name}`) }),
      signal,
    });
}

/** The image comes into the repository of the index; none of its content passes through here. */
async function carry(
  { from, descriptor }: IndexPart,
  source: RepositoryClient,
  target: RepositoryClient,
  signal: AbortSignal,
): Promise<void> {
  const headers = { accept: manifestMediaTypes.join(', ') };
  const response = await source.get(`manifests/${descriptor.digest}`, headers, signal);
  if (response.status !== 200) throw await manifestFailure(from, response);
  const bytes = await boundedBody(response, limits.manifestBytes);
  if (sha256Digest(bytes) !== descriptor.digest) {
    const message = `content does not match its digest: expected ${descriptor.digest}`;
    throw new TiffinError('invalid', 'digest-mismatch', message);
  }
  const { config, layers } = decodeManifest(bytes, descriptor.mediaType);
  for (const blob of [config, ...layers]) {
    if (await mountBlob(target, blob, source.repository, signal)) continue;
    const message = `registry ${from.registry} does not mount ${blob.digest} from ${from.repository}`;
    throw new TiffinError('unavailable', 'no-mount', message, {
      hint: 'push the image to the repository of the list first',
    });
  }
  const manifest = { mediaType: descriptor.mediaType, digest: descriptor.digest, bytes };
  await putManifest(target, descriptor.digest, manifest, signal);
}

/** In Docker's format when all that it names is. */
function indexOver(manifests: readonly Descriptor[]) {
  const isDocker = manifests.every(({ mediaType }) => mediaType === mediaTypes.dockerManifest);
  const mediaType = isDocker ? mediaTypes.dockerManifestList : mediaTypes.ociIndex;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }, null, 3));
  return { mediaType, digest: sha256Digest(bytes), bytes };
}
