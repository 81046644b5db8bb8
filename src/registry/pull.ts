/** Pulls an image into a blob store: manifest, configuration and layers, all verified; nothing is unpacked here. */

import { TiffinError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { BlobStore, Descriptor, OnProgress, Platform } from '../spec/content.ts';
import { digestHex } from '../spec/digest.ts';
import type { RegistryAuth } from '../spec/docker.ts';
import { familiarReference, type ImageReference, withDefaultTag } from '../spec/reference.ts';
import { errorText, openRepository, type RepositoryClient } from './client.ts';
import { bodyChunks } from './http.ts';
import { type ResolvedImage, resolveImage } from './resolve.ts';

export interface PullOptions {
  reference: ImageReference;
  platform: Platform;
  auth?: RegistryAuth;
  /** Plain HTTP although the registry is not on loopback. */
  insecure?: boolean;
  blobs: BlobStore;
  onProgress: OnProgress;
  signal: AbortSignal;
}

/**
 * Blobs that arrived stay when a later one fails, so that the next pull goes on from there; a part of a blob never stays.
 * Throws `not-found`, `unauthorized`, `unavailable`, `invalid` (a lying registry), `cancelled`.
 */
export async function pull(options: PullOptions): Promise<ResolvedImage> {
  const reference = withDefaultTag(options.reference);
  try {
    const client = await openRepository({
      registry: reference.registry,
      repository: reference.repository,
      auth: options.auth,
      insecure: options.insecure ?? false,
      signal: options.signal,
    });
    const resolved = await resolveImage({ ...options, client, reference });
    await fetchBlobs(client, resolved, options);
    return resolved;
  } catch (error) {
    if (!options.signal.aborted) throw error;
    throw new TiffinError(
      'cancelled',
      'pull-cancelled',
      `pull of ${familiarReference(reference)} was cancelled`,
    );
  }
}

async function fetchBlobs(
  client: RepositoryClient,
  resolved: ResolvedImage,
  options: PullOptions,
): Promise<void> {
  const { image } = resolved;
  await fetchBlob(client, image.config, { ...options, onProgress: () => undefined });
  // An image may name a layer twice; fetching it once is enough.
  const layers = [...new Map(image.layers.map((layer) => [layer.digest, layer])).values()];
  for (const layer of layers)
    options.onProgress({ id: shortId(layer), status: 'Pulling fs layer' });
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const waiting = [...layers];
  const workers = Array.from(
    { length: Math.min(limits.parallelLayers, layers.length) },
    async () => {
      for (let layer = waiting.shift(); layer !== undefined; layer = waiting.shift()) {
        await fetchBlob(client, layer, { ...options, signal });
      }
    },
  );
  const results = await Promise.allSettled(
    workers.map((worker) =>
      worker.catch((error: unknown) => {
        // The others stop too; the first failure is the one that is told.
        if (!failed.signal.aborted) failed.abort(error);
        throw error;
      }),
    ),
  );
  if (failed.signal.aborted) throw failed.signal.reason;
  options.signal.throwIfAborted();
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function fetchBlob(
  client: RepositoryClient,
  blob: Descriptor,
  options: PullOptions,
): Promise<void> {
  const id = shortId(blob);
  if (options.blobs.has(blob.digest)) {
    options.onProgress({ id, status: 'Already exists' });
    return;
  }
  // A descriptor's `urls` are never followed: they would take requests to hosts of the image author's choice.
  const response = await client.get(`blobs/${blob.digest}`, {}, options.signal);
  if (response.status !== 200) throw await blobFailure(client, blob, response);
  await options.blobs.write(blob, counted(response, blob, options.onProgress));
  options.onProgress({ id, status: 'Download complete' });
}

async function* counted(
  response: Response,
  blob: Descriptor,
  onProgress: OnProgress,
): AsyncGenerator<Uint8Array> {
  const id = shortId(blob);
  let current = 0;
  for await (const chunk of bodyChunks(response)) {
    current += chunk.length;
    if (current > blob.size) {
      throw new TiffinError(
        'invalid',
        'wrong-size',
        `blob ${blob.digest} is larger than the ${blob.size} bytes its manifest tells`,
      );
    }
    onProgress({ id, status: 'Downloading', current, total: blob.size });
    yield chunk;
  }
  onProgress({ id, status: 'Verifying Checksum' });
}

async function blobFailure(
  client: RepositoryClient,
  blob: Descriptor,
  response: Response,
): Promise<TiffinError> {
  const said = await errorText(response);
  const detail = said === '' ? '' : `: ${said}`;
  const message = `registry ${client.endpoint.registry} answered ${response.status} for blob ${blob.digest}${detail}`;
  return new TiffinError(
    response.status === 404 ? 'not-found' : 'unavailable',
    'blob-failed',
    message,
  );
}

/** The twelve digits that Docker's progress lines show. */
function shortId(blob: Descriptor): string {
  return digestHex(blob.digest).slice(0, 12);
}
