/** `pull`: fetched and verified by the registry room, kept and unpacked by the store, told in Docker's words. */

import { hostPlatform } from '../../host/host-platform.ts';
import { pull, remoteTags } from '../../registry/index.ts';
import type { OnProgress } from '../../spec/content.ts';
import type { RegistryAuth } from '../../spec/docker.ts';
import { isIndexType } from '../../spec/image.ts';
import { parsePlatform } from '../../spec/platform.ts';
import {
  familiarReference,
  type ImageReference,
  parseReference,
  withDefaultTag,
} from '../../spec/reference.ts';
import type { Parts } from '../parts.ts';
import { emitImage } from './image-events.ts';

export interface PullOptions {
  platform?: string;
  allTags?: boolean;
  auth?: RegistryAuth;
  onProgress: OnProgress;
  signal: AbortSignal;
}

export async function pullImage(parts: Parts, text: string, options: PullOptions): Promise<void> {
  const given = parseReference(text);
  if (options.allTags !== true) return pullOne(parts, withDefaultTag(given), options);
  const { auth, signal } = options;
  for (const tag of (await remoteTags({ reference: given, auth, signal })).sort()) {
    await pullOne(parts, { ...given, tag }, options);
  }
}

async function pullOne(
  parts: Parts,
  reference: ImageReference,
  options: PullOptions,
): Promise<void> {
  const name = familiarReference(reference);
  const { onProgress, auth, signal } = options;
  const platform = options.platform ? parsePlatform(options.platform) : hostPlatform();
  const before = parts.store.images.findFor(name, platform)?.id;
  onProgress({
    id: reference.tag ?? reference.digest ?? '',
    status: `Pulling from ${reference.repository}`,
  });
  // Until the image has its name nothing refers to its blobs.
  await using _hold = await parts.store.hold();
  const { root, manifest } = await pull({
    reference,
    platform,
    ...(auth === undefined ? {} : { auth }),
    blobs: parts.store.intake,
    onProgress,
    signal,
  });
  const origin = {
    manifest,
    ...(isIndexType(root.mediaType) ? { index: root.digest } : {}),
    names: namesFor(reference, root.digest),
  };
  const image = await parts.store.admit(origin, onProgress);
  onProgress({ id: '', status: `Digest: ${root.digest}` });
  const outcome = before === image.id ? 'Image is up to date for' : 'Downloaded newer image for';
  onProgress({ id: '', status: `Status: ${outcome} ${name}` });
  emitImage(parts, 'pull', name, image);
}

/** The tag, if one was asked for, and the digest it stood for. */
function namesFor(
  reference: ImageReference,
  digest: NonNullable<ImageReference['digest']>,
): ImageReference[] {
  const { registry, repository, tag } = reference;
  const byDigest: ImageReference = { registry, repository, digest };
  return reference.digest === undefined && tag !== undefined
    ? [{ registry, repository, tag }, byDigest]
    : [byDigest];
}
